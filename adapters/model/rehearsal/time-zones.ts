/** The IANA zone that a place's name stands for: its own spelling, or a city's (`Tokyo` → `Asia/Tokyo`); null when none. */
export function timeZoneOf(place: string): string | null {
  const wanted = place.trim().replaceAll(' ', '_').toLowerCase();
  if (wanted === 'utc' || wanted === 'gmt') return 'UTC';
  return (
    Intl.supportedValuesOf('timeZone').find(
      (zone) => zone.toLowerCase() === wanted || zone.toLowerCase().endsWith(`/${wanted}`),
    ) ?? null
  );
}

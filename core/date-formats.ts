/** More are forgotten: a zone may be spelt in as many ways as there are capital letters. */
const MOST_KEPT = 100;

/**
 * Formatters of one kind, one for each time zone. They are kept: to make one takes as long as a trip to the database.
 *
 * @throws {RangeError} for a name that is no IANA time zone.
 */
export function dateFormats(
  locale: string,
  options: Omit<Intl.DateTimeFormatOptions, 'timeZone'>,
): (timeZone: string) => Intl.DateTimeFormat {
  const made = new Map<string, Intl.DateTimeFormat>();
  return (timeZone) => {
    const known = made.get(timeZone);
    if (known) return known;
    const format = new Intl.DateTimeFormat(locale, { ...options, timeZone });
    if (made.size >= MOST_KEPT) made.clear();
    made.set(timeZone, format);
    return format;
  };
}

/** Hides what looks like a key in text that comes from a provider. Adapters hide the keys that they know exactly. */
export function scrub(text: string): string {
  return text
    .replace(/\b(?:sk|pk|rk|key|gsk|xai)-[\w*.-]{4,}/gi, '[key]')
    .replace(/\bBearer\s+\S+/gi, 'Bearer [key]')
    .replace(/\brv1\.[\w-]+\.[\w-]+/g, '[token]')
    .slice(0, 500);
}

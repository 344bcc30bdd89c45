/** PNG, JPEG, GIF and WebP by their first bytes (https://mimesniff.spec.whatwg.org/#image-type-pattern-matching-algorithm). */
export function imageType(bytes: Buffer): string | null {
  if (bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) return 'image/png';
  if (bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))) return 'image/jpeg';
  if (/^GIF8[79]a$/.test(bytes.toString('latin1', 0, 6))) return 'image/gif';
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 14) === 'WEBPVP')
    return 'image/webp';
  return null;
}

/**
 * Recordings by their first bytes, as the transcriber names them: Ogg, MP3, WAV, FLAC, M4A and what browsers record.
 * Matroska does not say whether it holds pictures, so there the name counts.
 */
export function soundType(bytes: Buffer, name: string): string | null {
  const starts = (text: string, at = 0) => bytes.toString('latin1', at, at + text.length) === text;
  if (starts('OggS')) return 'audio/ogg';
  if (starts('ID3') || (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe6) === 0xe2)) return 'audio/mpeg';
  if (starts('RIFF') && starts('WAVE', 8)) return 'audio/wav';
  if (starts('fLaC')) return 'audio/flac';
  if (starts('ftypM4A', 4) || starts('ftypM4B', 4)) return 'audio/mp4';
  const isMatroska = bytes.subarray(0, 4).equals(Buffer.from('1a45dfa3', 'hex'));
  return isMatroska && /\.web[am]$/i.test(name) ? 'audio/webm' : null;
}

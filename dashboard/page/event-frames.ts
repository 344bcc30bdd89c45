/** One frame of a stream of server-sent events. */
export interface EventFrame {
  /** Null when the frame has none. */
  readonly id: number | null;
  readonly data: string;
}

/** Reads frames out of text that comes in any pieces: a blank line ends a frame, a line that begins with “:” is a beat. */
export function createFrameReader(): (text: string) => EventFrame[] {
  let rest = '';
  let id: number | null = null;
  let data: string[] = [];
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n/);
    rest = lines.pop() ?? '';
    const frames: EventFrame[] = [];
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) frames.push({ id, data: data.join('\n') });
        id = null;
        data = [];
      } else if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
      else if (line.startsWith('id:')) id = Number(line.slice(3));
    }
    return frames;
  };
}

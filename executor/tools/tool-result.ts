const maxContentBytes = 256 * 1024;

/** What a result may say at the most: past a few times this the task link takes no step. Says what was left out. */
export function boundContent(content: string): string {
  const bytes = Buffer.from(content);
  if (bytes.length <= maxContentBytes) return content;
  const kept = bytes
    .subarray(0, maxContentBytes)
    .toString('utf8')
    .replace(/\uFFFD$/, '');
  return `${kept}\n[cut here: ${bytes.length} bytes in all, only the first ${maxContentBytes} are shown]`;
}

/** What came of one call: text for the model, one line for people. */
export interface ToolResult {
  readonly ok: boolean;
  readonly content: string;
  readonly activity: string;
}

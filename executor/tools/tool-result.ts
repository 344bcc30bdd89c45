/** What came of one call: text for the model, one line for people. */
export interface ToolResult {
  readonly ok: boolean;
  readonly content: string;
  readonly activity: string;
}

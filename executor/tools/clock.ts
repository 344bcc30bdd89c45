import type { Tool } from './tool.ts';

export const tellTime: Tool<'clock'> = async ({ time_zone }, { clock, task }) => {
  const timeZone = time_zone ?? task.timeZone;
  const now = clock.now();
  try {
    const text = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'full', timeStyle: 'long' }).format(
      now,
    );
    return {
      ok: true,
      content: `${text} (${timeZone}); UTC ${now.toISOString()}`,
      activity: 'read the clock',
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return {
      ok: false,
      content: `There is no time zone “${timeZone}”. Use an IANA name such as Europe/Paris.`,
      activity: 'read the clock',
    };
  }
};

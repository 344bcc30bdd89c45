import { z } from 'zod';

/** What the bench's gateway is told on its command line. */
export const gatewayPlanSchema = z.strictObject({
  socketPath: z.string(),
  /** Hex. */
  tokenKey: z.string(),
  modelUrl: z.string(),
  /** On loopback: who answers requests, and who sends bytes through tunnels. */
  sitePort: z.number(),
  sourcePort: z.number(),
  permits: z.number(),
  databaseUrl: z.string().nullable(),
});

export type GatewayPlan = z.output<typeof gatewayPlanSchema>;

/** A name for everything outside; whoever asks for it is led to loopback. */
const SITE = 'site.example.org';
export const SITE_REQUEST = { method: 'POST', url: `http://${SITE}/`, headers: {}, body: '{}' } as const;
export const SOURCE = `${SITE}:443`;

export function callIdOf(index: number): string {
  return `bench-${index}`;
}

export function permitIdOf(index: number): string {
  return `permit-${index}`;
}

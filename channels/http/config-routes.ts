import { createRoute, z } from '@hono/zod-openapi';
import { OWNER_SETTINGS, ownerSettingNames, type SettingView } from '@reeve/core';
import type { Api } from './guard.ts';
import { json, problems, security } from './routes.ts';

const settingSchema = z
  .strictObject({
    name: z.enum(ownerSettingNames()),
    value: z.string(),
    source: z.enum(['unset', 'default', 'file', 'owner', 'environment']),
    /** What each layer says by itself, from the weakest to the strongest; the last counts. */
    layers: z.array(
      z.strictObject({ source: z.enum(['default', 'file', 'owner', 'environment']), value: z.string() }),
    ),
    environmentName: z.string(),
    group: z.string(),
    description: z.string(),
    example: z.string(),
    changedBy: z.string().nullable(),
    changedAt: z.string().nullable(),
  })
  .openapi('Setting');

export const settingListSchema = z.strictObject({ settings: z.array(settingSchema) });

const listSettings = createRoute({
  method: 'get',
  path: '/v1/config',
  summary: 'What the owner may change, what holds now, and why. Change it with a `/config` message.',
  security,
  responses: { 200: json(settingListSchema, 'Settings'), ...problems },
});

/** Settings to look at; they are changed by message, so that every channel has the one way. */
export function addSettings(api: Api): void {
  api.openapi(listSettings, (context) =>
    context.json({ settings: context.var.visitor.desk.listSettings().map(toSetting) }, 200),
  );
}

function toSetting({ name, value, source, layers, revision }: SettingView): z.output<typeof settingSchema> {
  const { env, group, describe, example } = OWNER_SETTINGS[name];
  return {
    name,
    value,
    source,
    layers: layers.map((layer) => ({ ...layer })),
    environmentName: env,
    group,
    description: describe,
    example,
    changedBy: revision?.by ?? null,
    changedAt: revision?.at.toISOString() ?? null,
  };
}

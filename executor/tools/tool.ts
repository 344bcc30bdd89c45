import type { Assignment, Clock, ToolArguments, ToolName } from '@reeve/core';
import type { EffectRunner } from '../effects.ts';
import type { GatewayClient } from '../gateway-client.ts';
import type { LinkClient } from '../link-client.ts';
import type { PushLicence } from '../push-licence.ts';
import type { ScratchKeeper } from '../scratch-keeper.ts';
import type { ShimClient } from '../shim/client.ts';
import type { ToolResult } from './tool-result.ts';

/** What tools work with. */
export interface ToolContext {
  readonly task: Assignment['task'];
  readonly callId: string;
  readonly shim: ShimClient;
  readonly link: LinkClient;
  readonly gateway: GatewayClient;
  readonly effects: EffectRunner;
  readonly pushes: PushLicence;
  readonly scratch: ScratchKeeper;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export type Tool<Name extends ToolName> = (
  input: ToolArguments<Name>,
  context: ToolContext,
) => Promise<ToolResult>;

export type ToolTable = { readonly [Name in ToolName]: Tool<Name> };

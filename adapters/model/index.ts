export { createGatewayModel, type GatewayModelOptions } from './gateway-model.ts';
export { createOpenAiModel, type ModelTimeouts, type OpenAiModelOptions } from './openai-model.ts';
export { createRehearsalModel } from './rehearsal/rehearsal-model.ts';

export { type ApiEvent, apiEventSchema } from './events.ts';
export { createHttpChannel, type HttpChannel, type HttpChannelOptions } from './http-channel.ts';
export * from './views.ts';

import { type Answer, badRequest, ok } from './answer.ts';
import * as messages from './messages.ts';
import { type Given, METHOD_SCHEMAS, type MethodName } from './method-schemas.ts';
import type { Parameters } from './parameters.ts';
import type { World } from './world.ts';

/** Carries out one call. Waiting polls end when the signal aborts. */
export async function callMethod(
  world: World,
  name: MethodName,
  parameters: Parameters,
  signal: AbortSignal,
): Promise<Answer> {
  const parsed = METHOD_SCHEMAS[name].safeParse(parameters.values);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return badRequest(
      issue?.message.startsWith('B') ? issue.message : `wrong parameter ${issue?.path.join('.')}`,
    );
  }
  const given = parsed.data;
  switch (name) {
    case 'getme':
      return ok(world.bot);
    case 'getupdates':
      return getUpdates(world, given as Given<'getupdates'>, signal);
    case 'setwebhook':
      return setWebhook(world, given as Given<'setwebhook'>);
    case 'deletewebhook':
      world.queue.setWebhook('');
      return ok(true);
    case 'getwebhookinfo':
      return webhookInfo(world);
    case 'sendmessage':
      return messages.sendMessage(world, given as Given<'sendmessage'>);
    case 'sendmessagedraft':
      return messages.sendDraft(world, given as Given<'sendmessagedraft'>);
    case 'editmessagetext':
      return messages.editText(world, given as Given<'editmessagetext'>);
    case 'editmessagereplymarkup':
      return messages.editMarkup(world, given as Given<'editmessagereplymarkup'>);
    case 'deletemessage':
      return messages.deleteMessage(world, given as Given<'deletemessage'>);
    case 'answercallbackquery':
      return answerTap(world, given as Given<'answercallbackquery'>);
    case 'senddocument':
      return messages.sendFile(world, 'document', given as Given<'senddocument'>, parameters);
    case 'sendphoto':
      return messages.sendFile(world, 'photo', given as Given<'sendphoto'>, parameters);
    case 'sendvoice':
      return messages.sendFile(world, 'voice', given as Given<'sendvoice'>, parameters);
    case 'getfile':
      return messages.getFile(world, given as Given<'getfile'>);
    case 'setmycommands':
      return setCommands(world, given as Given<'setmycommands'>);
    case 'setmessagereaction':
      return messages.react(world, given as Given<'setmessagereaction'>);
    case 'sendchataction':
      return world.chats.has((given as Given<'sendchataction'>).chat_id)
        ? ok(true)
        : badRequest('chat not found');
  }
}

async function getUpdates(world: World, given: Given<'getupdates'>, signal: AbortSignal): Promise<Answer> {
  const limit = Math.min(100, Math.max(1, given.limit));
  if (given.allowed_updates.length > 0) world.allowOnly(given.allowed_updates);
  const timeoutMs = Math.min(50, given.timeout) * 1000;
  const polled = await world.queue.poll({ offset: given.offset, limit, timeoutMs, signal });
  return polled.kind === 'conflict'
    ? { kind: 'error', status: 409, description: polled.description }
    : ok(polled.updates);
}

function setWebhook(world: World, given: Given<'setwebhook'>): Answer {
  const { url, secret_token: secret, allowed_updates: allowed } = given;
  const isLocal = /^http:\/\/127\.0\.0\.1[:/]/.test(url);
  if (url !== '' && !url.startsWith('https://') && !isLocal)
    return badRequest('bad webhook: An HTTPS URL must be provided for webhook');
  if (allowed.length > 0) world.allowOnly(allowed);
  world.queue.setWebhook(url, secret);
  return ok(true);
}

function webhookInfo(world: World): Answer {
  const trouble = world.webhookTrouble();
  return ok({
    url: world.queue.webhook().url,
    has_custom_certificate: false,
    pending_update_count: world.queue.unconfirmed(),
    ...(trouble
      ? { last_error_date: Math.floor(trouble.at / 1000), last_error_message: trouble.message }
      : {}),
  });
}

function answerTap(world: World, given: Given<'answercallbackquery'>): Answer {
  const tap = world.taps.get(given.callback_query_id);
  if (!tap || tap.isAnswered || tap.until < world.now())
    return badRequest('query is too old and response timeout expired or query ID is invalid');
  tap.isAnswered = true;
  tap.answer = given.text ?? null;
  tap.isAlert = given.show_alert;
  return ok(true);
}

function setCommands(world: World, given: Given<'setmycommands'>): Answer {
  if (given.commands.length > 100) return badRequest('BOT_COMMANDS_TOO_MUCH');
  const { type, chat_id: chatId } = given.scope;
  if (chatId !== undefined && !world.chats.has(chatId)) return badRequest('chat not found');
  world.menus.set(chatId === undefined ? type : `${type}:${chatId}`, given.commands);
  return ok(true);
}

import type { ComposerElements } from './composer.ts';
import { byId } from './dom.ts';
import type { ThreadElements } from './thread.ts';

/** Where a conversation is shown. */
export function threadElements(): ThreadElements {
  return {
    scroller: byId('scroller', HTMLElement),
    list: byId('messages', HTMLElement),
    growing: byId('growing', HTMLElement),
    older: byId('older', HTMLElement),
    newer: byId('newer', HTMLElement),
    jump: byId('jump', HTMLButtonElement),
    welcome: byId('welcome', HTMLElement),
  };
}

/** Where messages are written. */
export function composerElements(): ComposerElements {
  return {
    form: byId('composer', HTMLFormElement),
    text: byId('message', HTMLTextAreaElement),
    picker: byId('picker', HTMLInputElement),
    attach: byId('attach', HTMLElement),
    send: byId('send', HTMLButtonElement),
    chips: byId('attachments', HTMLElement),
    complaint: byId('complaint', HTMLElement),
    dropZone: byId('main', HTMLElement),
    dropSign: byId('drop', HTMLElement),
  };
}

import { createAttachments } from './attachments.ts';

export interface ComposerElements {
  readonly form: HTMLFormElement;
  readonly text: HTMLTextAreaElement;
  readonly picker: HTMLInputElement;
  readonly attach: HTMLElement;
  readonly send: HTMLButtonElement;
  readonly chips: HTMLElement;
  readonly complaint: HTMLElement;
  /** Where files may be dropped, and what says so. */
  readonly dropZone: HTMLElement;
  readonly dropSign: HTMLElement;
}

export interface ComposerDeps {
  readonly elements: ComposerElements;
  /** Keeps what is half written, by conversation. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly announce: (words: string) => void;
  readonly onSend: (text: string, attachments: readonly string[]) => void;
}

export interface Composer {
  /** Shows what was half written in a conversation. */
  switchTo(conversation: string): void;
  focus(): void;
}

const LONGEST_MESSAGE = 64_000;

/** The box that messages are written in: Enter sends, Shift and Enter begin a line, files come by button, drop or paste. */
export function createComposer(deps: ComposerDeps): Composer {
  const { elements, storage } = deps;
  const { text, complaint } = elements;
  let conversation = '';

  const draftKey = () => `reeve-draft ${conversation}`;
  const complain = (words: string) => {
    complaint.textContent = words;
    complaint.hidden = words === '';
  };
  const refresh = () => {
    text.style.height = 'auto';
    text.style.height = `${text.scrollHeight}px`;
    const isEmpty = text.value.trim() === '' && attachments.count() === 0;
    elements.send.disabled = isEmpty || attachments.isUploading();
  };
  const remember = () =>
    text.value === '' ? storage.removeItem(draftKey()) : storage.setItem(draftKey(), text.value);
  const attachments = createAttachments({
    chips: elements.chips,
    announce: deps.announce,
    complain,
    onChange: refresh,
    onRemoved: () => text.focus(),
  });

  function submit(): void {
    if (elements.send.disabled) return;
    if (text.value.length > LONGEST_MESSAGE) {
      const length = text.value.length.toLocaleString();
      complain(`This message has ${length} characters; up to 64,000 are taken. Attach it as a file instead.`);
      return;
    }
    deps.onSend(text.value, attachments.take());
    text.value = '';
    complain('');
    remember();
    refresh();
  }

  watchKeys(elements, submit, () => {
    complain('');
    remember();
    refresh();
  });
  watchFiles(elements, (files) => {
    complain('');
    attachments.add(files);
  });
  return {
    switchTo(name) {
      conversation = name;
      // Until now nothing would have become of a key.
      text.disabled = false;
      text.value = storage.getItem(draftKey()) ?? '';
      complain('');
      refresh();
    },
    focus: () => text.focus(),
  };
}

function watchKeys({ form, text }: ComposerElements, submit: () => void, onInput: () => void): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  text.addEventListener('keydown', (event) => {
    // A key that ends the choice of a character, in Japanese say, sends nothing.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  text.addEventListener('input', onInput);
}

function watchFiles(elements: ComposerElements, add: (files: Iterable<File>) => void): void {
  const { attach, picker, text, dropZone, dropSign } = elements;
  attach.addEventListener('click', () => picker.click());
  picker.addEventListener('change', () => {
    add([...(picker.files ?? [])]);
    picker.value = '';
  });
  text.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    add(files);
  });
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  let depth = 0;
  const show = (change: number) => {
    depth = Math.max(0, depth + change);
    dropSign.hidden = depth === 0;
  };
  dropZone.addEventListener('dragenter', (event) => hasFiles(event) && show(1));
  dropZone.addEventListener('dragleave', (event) => hasFiles(event) && show(-1));
  // Also outside of the zone: a browser would leave the page for a file that is dropped beside it.
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    show(-depth);
    add([...(event.dataTransfer?.files ?? [])]);
  });
}

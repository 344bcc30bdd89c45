import { el, icon } from './dom.ts';
import { uploadFile } from './upload.ts';
import { showHidden } from './visible-text.ts';

/** Files that go with the message being written; each is sent to Reeve as soon as it is chosen. */
export interface Attachments {
  add(files: Iterable<File>): void;
  /** The stored paths, when all are stored; and none are left. */
  take(): readonly string[];
  count(): number;
  isUploading(): boolean;
}

export interface AttachmentsDeps {
  readonly chips: HTMLElement;
  readonly announce: (words: string) => void;
  readonly complain: (words: string) => void;
  readonly onChange: () => void;
  /** A chip was removed by its button, which is gone now. */
  readonly onRemoved: () => void;
}

interface Attachment {
  readonly element: HTMLElement;
  readonly stop: AbortController;
  path: string | null;
}

const MOST_FILES = 20;

export function createAttachments(deps: AttachmentsDeps): Attachments {
  const attachments = new Set<Attachment>();

  function drop(attachment: Attachment): void {
    attachments.delete(attachment);
    attachment.element.remove();
    deps.onChange();
  }

  async function add(file: File): Promise<void> {
    if (attachments.size >= MOST_FILES) {
      deps.complain(`A message takes up to ${MOST_FILES} files; “${file.name}” was not attached.`);
      return;
    }
    const name = showHidden(file.name || 'pasted');
    const bar = el('progress', { max: 1, value: 0, 'aria-label': `Sending ${name}` });
    const remove = el(
      'button',
      { type: 'button', class: 'quiet', 'aria-label': `Remove ${name}` },
      icon('close'),
    );
    const label = el('span', { class: 'name' }, name);
    const element = el('li', { class: 'chip' }, icon('file'), label, bar, remove);
    const attachment: Attachment = { element, stop: new AbortController(), path: null };
    remove.addEventListener('click', () => {
      attachment.stop.abort();
      drop(attachment);
      deps.onRemoved();
    });
    attachments.add(attachment);
    deps.chips.append(element);
    deps.onChange();
    const uploaded = await uploadFile(file, attachment.stop.signal, (part) => {
      bar.value = part;
    });
    if (attachment.stop.signal.aborted) return;
    if (uploaded.kind === 'failed') {
      deps.complain(uploaded.words);
      drop(attachment);
      return;
    }
    attachment.path = uploaded.path;
    bar.remove();
    deps.announce(`${name} is attached.`);
    deps.onChange();
  }

  return {
    add(files) {
      for (const file of files) void add(file);
    },
    take() {
      const paths = [...attachments].flatMap(({ path }) => (path === null ? [] : [path]));
      for (const attachment of attachments) attachment.element.remove();
      attachments.clear();
      return paths;
    },
    count: () => attachments.size,
    isUploading: () => [...attachments].some(({ path }) => path === null),
  };
}

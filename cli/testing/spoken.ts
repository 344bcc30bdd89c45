import type { Page } from 'playwright-core';

/** What a screen reader would say of a page by itself, as Chromium tells assistive programs. */
export interface Spoken {
  /** Everything that the page's live region was given since, in order. */
  heard(): Promise<readonly string[]>;
  /** The names of all buttons and links in sight of assistive programs, as `role: name`. */
  controls(): Promise<readonly string[]>;
  /** The role and name of what has the focus; `nothing` when only the page itself has it. */
  focused(): Promise<string>;
}

interface TreeNode {
  readonly ignored: boolean;
  readonly role?: { readonly value?: unknown };
  readonly name?: { readonly value?: unknown };
  readonly properties?: readonly { readonly name: string; readonly value: { readonly value?: unknown } }[];
}

/** Listens from now on; the page must be there already. */
export async function listenTo(page: Page): Promise<Spoken> {
  const session = await page.context().newCDPSession(page);
  await session.send('Accessibility.enable');
  await page.evaluate(`(() => {
    window.heard = [];
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) for (const node of addedNodes) window.heard.push(node.textContent);
    }).observe(document.getElementById('announcer'), { childList: true });
  })()`);
  const tree = async () => {
    const { nodes } = await session.send('Accessibility.getFullAXTree');
    return (nodes as readonly TreeNode[]).filter(({ ignored }) => !ignored);
  };
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const described = ({ role, name }: TreeNode) => `${text(role?.value)}: ${text(name?.value)}`;
  return {
    heard: () => page.evaluate('window.heard'),
    async controls() {
      const nodes = await tree();
      return nodes
        .filter(({ role }) => ['button', 'link', 'textbox'].includes(text(role?.value)))
        .map(described);
    },
    async focused() {
      const nodes = await tree();
      const holders = nodes.filter(({ properties = [] }) =>
        properties.some(({ name, value }) => name === 'focused' && value.value === true),
      );
      const holder = holders.find(({ role }) => text(role?.value) !== 'RootWebArea');
      return holder ? described(holder) : 'nothing';
    },
  };
}

import type { Session } from '../lib/types';

/** What the shell gives each page. `path` is what follows its name in the address. */
export type PageProps = { session: Session | null; path: string[] };

// Uploads of the SDK want the global File, which Node has since 20; Node 18 keeps it in node:buffer.
import { File } from 'node:buffer';

globalThis.File ??= File;

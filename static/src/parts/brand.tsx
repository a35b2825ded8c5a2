import type { JSX } from 'preact';

export function Brand({ href }: { href: string }): JSX.Element {
  return (
    <a class="brand" href={href}>
      <svg viewBox="0 0 16 16" width="22" height="22" aria-hidden="true">
        <rect width="16" height="16" rx="4" class="brand-mark" />
        <path
          d="M4 5l4 3-4 3M8 8h4"
          stroke="#fff"
          stroke-width="1.6"
          fill="none"
          stroke-linecap="round"
          stroke-linejoin="round"
        />
      </svg>
      Synapse
    </a>
  );
}

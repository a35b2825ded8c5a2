import type { JSX } from 'preact';

// Strokes on a 16 × 16 grid.
const paths = {
  overview: 'M2 9h3l2-5 3 8 2-3h2',
  backends: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01',
  models: 'M8 1.8l5.5 3v6.4L8 14.2l-5.5-3V4.8zM2.7 5L8 7.9 13.3 5M8 8v6',
  voices: 'M3 6.5v3M6 4v8M9 2v12M12 5v6',
  playground: 'M2.5 3h11v8h-6l-3 2.5V11h-2z',
  terminal: 'M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10.5h3',
  cluster:
    'M8 2.5v0M8 4v3M8 7l-4 4M8 7l4 4M8 4a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM3.5 14a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM12.5 14a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3z',
  requests: 'M2 5h10M9 2l3 3-3 3M14 11H4M7 8l-3 3 3 3',
  config: 'M2 4.5h5M10 4.5h4M2 11.5h3M8 11.5h6M8.5 3v3M6.5 10v3',
  api: 'M5.5 4L2 8l3.5 4M10.5 4L14 8l-3.5 4',
  menu: 'M2 4h12M2 8h12M2 12h12',
  close: 'M4 4l8 8M12 4l-8 8',
  sun: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8L13 13M3 13l1.2-1.2M11.8 4.2L13 3',
  moon: 'M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z',
  system: 'M2 3h12v8H2zM6 14h4M8 11v3',
  play: 'M5 3l8 5-8 5z',
  stop: 'M4 4h8v8H4z',
  mic: 'M8 2a2 2 0 0 0-2 2v3.5a2 2 0 0 0 4 0V4a2 2 0 0 0-2-2zM3.5 7.5a4.5 4.5 0 0 0 9 0M8 12v2.5',
  upload: 'M8 11V3M5 5.5L8 2.5l3 3M3 11v2.5h10V11',
  trash: 'M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.5 9h6l.5-9',
  plus: 'M8 3v10M3 8h10',
  logout: 'M6 2.5H3v11h3M7 8h7M11 5l3 3-3 3',
  pause: 'M5.5 3v10M10.5 3v10',
  down: 'M8 3v9M4.5 8.5L8 12l3.5-3.5',
  send: 'M2.5 8L13.5 2.5 11 13.5 7.5 9z',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg
      class="icon"
      viewBox="0 0 16 16"
      width="16"
      height="16"
      aria-hidden="true"
      focusable="false"
    >
      <path
        d={paths[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

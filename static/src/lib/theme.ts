// Dark or light: what the system says, unless a person has chosen here.

export type Theme = 'system' | 'dark' | 'light';
const key = 'synapse-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

export function storedTheme(): Theme {
  const value = localStorage.getItem(key);
  return value === 'dark' || value === 'light' ? value : 'system';
}

export function applyTheme(theme: Theme): void {
  if (theme === 'system') localStorage.removeItem(key);
  else localStorage.setItem(key, theme);
  const dark = theme === 'dark' || (theme === 'system' && system.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  window.dispatchEvent(new Event('themechange'));
}

/** Takes over what is stored, and follows the system while nothing is. */
export function followTheme(): void {
  applyTheme(storedTheme());
  system.addEventListener('change', () => applyTheme(storedTheme()));
}

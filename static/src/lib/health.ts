// One word and one colour for how a backend is, whatever page shows it.

import type { Tone } from '../parts/ui';
import type { Circuit, HealthStatus } from './types';

export const healthTone: Record<HealthStatus, Tone> = {
  healthy: 'good',
  busy: 'info',
  unhealthy: 'bad',
  unknown: 'idle',
};

export const circuitTone: Record<Circuit, Tone> = {
  closed: 'good',
  half_open: 'warn',
  open: 'bad',
};

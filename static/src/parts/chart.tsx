import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';

import { clock } from '../lib/format';
import { Card } from './ui';

export type Series = { label: string; color: string; values: (number | null)[]; fill?: boolean };
type Props = {
  title: string;
  times: number[]; // milliseconds, oldest first
  series: Series[];
  format: (value: number) => string;
};

const height = 150;
const tableRows = 12;

/** Colours are read from the style sheet: a canvas knows no custom properties. */
function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Minutes are enough for marks that are minutes apart. */
function timeLabels(splits: number[]): string[] {
  const [first = 0, second = first + 60] = splits;
  return splits.map((at) => clock(at * 1000).slice(0, second - first < 60 ? 8 : 5));
}

function optionsFor(
  props: Props,
  width: number,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const grid = { stroke: token('--grid'), width: 1 };
  const font = '11px system-ui, sans-serif';
  const axis = { stroke: token('--muted'), font, grid, ticks: { show: false } };
  return {
    width,
    height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'overview' }, y: false, drag: { x: false, y: false } },
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.12 : 1] } },
    axes: [
      { ...axis, size: 26, space: 70, values: (_, splits) => timeLabels(splits) },
      { ...axis, size: 58, space: 32, values: (_, splits) => splits.map(props.format) },
    ],
    series: [
      {},
      ...props.series.map((one) => ({
        label: one.label,
        stroke: token(one.color),
        width: 1.5,
        spanGaps: false,
        points: { show: false },
        ...(one.fill ? { fill: `${token(one.color)}22` } : {}),
      })),
    ],
    hooks: { setCursor: [(plot) => onPoint(plot.cursor.idx ?? null)] },
  };
}

function dataOf(props: Props): uPlot.AlignedData {
  return [props.times.map((at) => at / 1000), ...props.series.map((one) => one.values)];
}

/** A chart whose legend shows the values under the pointer, else the newest; the numbers are there as
 * a table, too. */
export function Chart(props: Props): JSX.Element {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [point, setPoint] = useState<number | null>(null);
  const [theme, setTheme] = useState(0);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const onTheme = () => setTheme((value) => value + 1);
    window.addEventListener('themechange', onTheme);
    return () => window.removeEventListener('themechange', onTheme);
  }, []);

  useEffect(() => {
    const box = holder.current;
    if (!box) return;
    const made = new uPlot(
      optionsFor(latest.current, box.clientWidth || 300, setPoint),
      dataOf(latest.current),
      box,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (box.clientWidth > 0 && box.clientWidth !== made.width)
        made.setSize({ width: box.clientWidth, height });
    });
    observer.observe(box);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [theme]);

  useEffect(() => plot.current?.setData(dataOf(props)), [props.times, props.series]);

  const index = point !== null && point < props.times.length ? point : props.times.length - 1;
  const shown = (one: Series, at: number) => {
    const value = one.values[at];
    return value === null || value === undefined ? '–' : props.format(value);
  };
  const rows = props.times
    .map((at, i) => ({ at, i }))
    .slice(-tableRows)
    .reverse();
  return (
    <Card title={props.title} class="chart-card">
      <div class="legend">
        {props.series.map((one) => (
          <span key={one.label}>
            <span class={`swatch ${one.color.slice(2)}`} aria-hidden="true" />
            {one.label} <strong>{shown(one, index)}</strong>
          </span>
        ))}
        {point !== null && props.times[index] !== undefined && (
          <span class="muted">{clock(props.times[index])}</span>
        )}
      </div>
      <div ref={holder} class="chart" aria-hidden="true" />
      <details class="chart-table">
        <summary>
          Numbers<span class="visually-hidden"> of {props.title}</span>
        </summary>
        <table>
          <caption class="visually-hidden">{props.title}, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Time</th>
              {props.series.map((one) => (
                <th key={one.label} scope="col" class="numeric">
                  {one.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ at, i }) => (
              <tr key={at}>
                <th scope="row">{clock(at)}</th>
                {props.series.map((one) => (
                  <td key={one.label} class="numeric">
                    {shown(one, i)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </Card>
  );
}

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';

import { clock } from '../lib/format';
import { lonePoints } from '../lib/samples';
import { Card } from './ui';

export type Series = { label: string; color: string; values: (number | null)[]; fill?: boolean };
type Props = {
  title: string;
  times: number[]; // milliseconds, oldest first
  series: Series[];
  format: (value: number) => string;
  /** Texts of an axis' marks, all in one unit. */
  marks: (values: number[]) => string[];
  /** What stands there while there is no value at all. */
  empty: string;
};

const height = 150;
const leastSpan = 300; // seconds: a chart of a gateway that has just started is not all of one point
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

function valuesOf(plot: uPlot): number[] {
  return plot.data.slice(1).flatMap((one) => Array.from(one, (value) => value ?? 0));
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
    scales: {
      x: {
        range: (_, min, max) => {
          const end = max ?? Date.now() / 1000;
          return [Math.min(min ?? end, end - leastSpan), end];
        },
      },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.12 : 1] },
    },
    axes: [
      { ...axis, size: 26, space: 70, values: (_, splits) => timeLabels(splits) },
      {
        ...axis,
        size: 58,
        space: 32,
        // Where nothing is above zero there is no range, and none is made up.
        values: (plot, splits) => {
          const most = Math.max(0, ...valuesOf(plot));
          const marks = props.marks(splits);
          return splits.map((at, i) => (most > 0 || at === 0 ? (marks[i] ?? '') : ''));
        },
      },
    ],
    series: [
      {},
      ...props.series.map((one) => ({
        label: one.label,
        stroke: token(one.color),
        width: 1.5,
        spanGaps: false,
        points: {
          show: false,
          size: 5,
          fill: token(one.color),
          filter: (plot: uPlot, index: number) => lonePoints(Array.from(plot.data[index] ?? [])),
        },
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
  const isEmpty = props.series.every((one) => one.values.every((value) => value === null));
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
      <div class="chart-holder">
        <div ref={holder} class="chart" aria-hidden="true" />
        {isEmpty && <p class="chart-empty muted small">{props.empty}</p>}
      </div>
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

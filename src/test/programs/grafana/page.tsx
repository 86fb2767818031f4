// Draws a dashboard with Grafana's own components, from a real Prometheus. The tests set window.scene before this script.
// Grafana's heatmap is not a package: heatmaps are drawn here, from the frames that Grafana's code makes of the answers.
// Reports one object a panel to /report: { title, state: 'data' | 'empty' | 'error', text, bytes }.
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import {
  applyFieldOverrides, cacheFieldDisplayNames, createTheme, DataFrame, dateTime, FieldColorModeId, FieldType, getDisplayValueAlignmentFactors,
  getFieldDisplayValues, getValueFormat, LoadingState, rangeUtil, standardEditorsRegistry, standardFieldConfigEditorRegistry,
  standardTransformers, standardTransformersRegistry, toDataFrame, transformDataFrame,
} from '@grafana/data';
import {
  BigValue, BigValueColorMode, BigValueGraphMode, BigValueJustifyMode, BigValueTextMode, GlobalStyles, PanelChrome,
  ThemeContext, TimeSeries, VizRepeater,
} from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { transformV2 } from './node_modules/@grafana/prometheus/dist/esm/result_transformer.mjs';

type Scene = {
  prometheus: string; // URL
  from: number; // seconds
  to: number;
  note: string;
  variables: Record<string, string>;
  dashboard: any;
};
const scene: Scene = (window as any).scene;
const theme = createTheme({ colors: { mode: 'light' } });
const COLUMN = 60; // Grafana's 24 columns, in pixels
const ROW = 38;
const HEADER = 50;
const SCRAPE = '15s'; // the default of Grafana's data source
const range: any = { from: dateTime(scene.from * 1000), to: dateTime(scene.to * 1000), raw: { from: 'now-1h', to: 'now' } };
const reports: any[] = [];
(window as any).grafanaBootData = { user: { timezone: 'utc' }, settings: {} };

const seconds = (interval: string) => rangeUtil.intervalToMs(interval) / 1000;

// As Grafana's server interpolates a query, and chooses its step and its rate interval.
function interpolate(target: any, width: number) {
  const least = target.interval || SCRAPE;
  const step = Math.max(seconds(least), rangeUtil.calculateInterval(range, width, least).intervalMs / 1000);
  const rate = Math.max(step + seconds(least), 4 * seconds(least));
  let expr = target.expr.replaceAll('$__rate_interval', `${rate}s`).replaceAll('$__range', `${scene.to - scene.from}s`);
  for (const [name, value] of Object.entries(scene.variables)) {
    expr = expr.replaceAll('$' + name, value);
  }
  return { expr, step };
}

function legend(format: string, labels: Record<string, string>) {
  return format ? format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => labels[label] ?? '').trim() : undefined;
}

// The frames that Grafana's server makes of an answer.
function toFrames(target: any, result: any[], step: number): DataFrame[] {
  return result.map((series) => {
    const values = target.instant ? [series.value] : series.values;
    return toDataFrame({
      refId: target.refId,
      meta: {
        type: (target.instant ? 'numeric-multi' : 'timeseries-multi') as any,
        custom: { resultType: target.instant ? 'vector' : 'matrix' },
      },
      fields: [
        {
          name: 'Time',
          type: FieldType.time,
          values: values.map((value: any) => value[0] * 1000),
          config: { interval: target.instant ? undefined : step * 1000 },
        },
        {
          name: 'Value',
          type: FieldType.number,
          labels: series.metric,
          values: values.map((value: any) => parseFloat(value[1])),
          config: { displayNameFromDS: target.format === 'heatmap' ? series.metric.le : legend(target.legendFormat, series.metric) },
        },
      ],
    });
  });
}

async function query(target: any, width: number, report: any): Promise<DataFrame[]> {
  const { expr, step } = interpolate(target, width);
  const align = (time: number) => Math.floor(time / step) * step;
  const parameters = target.instant
    ? `query?time=${scene.to}`
    : `query_range?start=${align(scene.from)}&end=${align(scene.to)}&step=${step}`;
  const response = await fetch(`${scene.prometheus}/api/v1/${parameters}&query=${encodeURIComponent(expr)}`);
  const text = await response.text();
  report.bytes += text.length;
  const answer = JSON.parse(text);
  if (answer.status !== 'success') {
    throw new Error(answer.error);
  }
  return toFrames(target, answer.data.result, step);
}

async function load(panel: any, width: number, report: any): Promise<DataFrame[]> {
  const answers = await Promise.all(panel.targets.map((target: any) => query(target, width, report)));
  const request = { targets: panel.targets, app: 'dashboard' };
  const frames = transformV2({ data: answers.flat() } as any, request as any, {}).data;
  return new Promise((resolve, reject) =>
    transformDataFrame(panel.transformations ?? [], frames).subscribe({ next: resolve, error: reject })
  );
}

const LINE = {
  drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0, gradientMode: 'none', spanNulls: false,
  showPoints: 'auto', pointSize: 5, stacking: { mode: 'none', group: 'A' }, axisGridShow: true,
  thresholdsStyle: { mode: 'off' }, hideFrom: { legend: false, tooltip: false, viz: false },
};

function fieldConfig(panel: any) {
  const config = structuredClone(panel.fieldConfig);
  const isGraph = panel.type === 'timeseries';
  config.defaults.color ??= { mode: isGraph ? FieldColorModeId.PaletteClassic : FieldColorModeId.Thresholds };
  if (isGraph) {
    config.defaults.custom = { ...LINE, ...config.defaults.custom };
  }
  return config;
}

function overridden(panel: any, data: DataFrame[]) {
  const frames = applyFieldOverrides({
    data, fieldConfig: fieldConfig(panel), replaceVariables: (text: string) => text, theme, timeZone: 'utc',
  } as any);
  cacheFieldDisplayNames(frames);
  return frames;
}

function Stat({ panel, data, width, height }: any) {
  const getValues = () =>
    getFieldDisplayValues({
      data: overridden(panel, data), fieldConfig: fieldConfig(panel), reduceOptions: panel.options.reduceOptions,
      replaceVariables: (text: string) => text, sparkline: false, theme, timeZone: 'utc',
    } as any);
  return (
    <VizRepeater
      getValues={getValues} getAlignmentFactors={getDisplayValueAlignmentFactors} width={width} height={height} source={data}
      itemSpacing={3} renderCounter={1} autoGrid orientation={'auto' as any}
      renderValue={(shown: any) => (
        <BigValue
          value={shown.value.display} count={shown.count} colorMode={BigValueColorMode.Value} graphMode={BigValueGraphMode.None}
          justifyMode={BigValueJustifyMode.Auto} textMode={BigValueTextMode.Auto} alignmentFactors={shown.alignmentFactors}
          width={shown.width} height={shown.height} theme={theme}
        />
      )}
    />
  );
}

function Graph({ panel, data, width, height }: any) {
  return (
    <TimeSeries
      frames={overridden(panel, data)} width={width} height={height} timeRange={range} timeZone="utc"
      legend={panel.options.legend} structureRev={1}
    >
      {() => <></>}
    </TimeSeries>
  );
}

function Heatmap({ panel, data, width, height }: any) {
  const [time, ...rows] = data[0].fields;
  const most = Math.max(...rows.flatMap((row: any) => row.values.filter(Number.isFinite)));
  const shown = rows.filter((row: any) => row.values.some((value: number) => value > 0));
  const unit = getValueFormat(panel.fieldConfig.defaults.unit);
  const [left, bottom] = [70, 18];
  const [w, h] = [width - left, (height - bottom) / Math.max(1, shown.length)];
  const cell = (Math.max(time.config.interval ?? 0, 1000) / 1000 / (scene.to - scene.from)) * w;
  const bound = (row: any) => {
    const value = parseFloat(row.config.displayNameFromDS ?? row.name);
    const text = unit(value);
    return Number.isFinite(value) ? `${text.text}${text.suffix ?? ''}` : '∞';
  };
  return (
    <svg width={width} height={height} fontSize={11}>
      {shown.map((row: any, i: number) => {
        const y = height - bottom - (i + 1) * h;
        return (
          <g key={i}>
            <text x={left - 6} y={y + h / 2 + 4} textAnchor="end">≤ {bound(row)}</text>
            {row.values.map((value: number, j: number) =>
              value > 0 ? (
                <rect
                  key={j} x={left + ((time.values[j] / 1000 - scene.from) / (scene.to - scene.from)) * w - cell} y={y}
                  width={Math.max(1, cell - 0.5)} height={Math.max(1, h - 1)}
                  fill={`hsl(${40 - 40 * Math.sqrt(value / most)} 90% ${75 - 40 * Math.sqrt(value / most)}%)`}
                />
              ) : null
            )}
          </g>
        );
      })}
      {[0, 1, 2, 3].map((i) => (
        <text key={i} x={left + (i * w) / 4} y={height - 4}>
          {new Date((scene.from + (i * (scene.to - scene.from)) / 4) * 1000).toISOString().slice(11, 16)}
        </text>
      ))}
    </svg>
  );
}

function Rows({ panel, data, width, height }: any) {
  return (
    <TableNG
      data={overridden(panel, data)[0]} width={width} height={height} timeRange={range} structureRev={1}
      sortBy={panel.options.sortBy} cellHeight={panel.options.cellHeight}
    />
  );
}

const KINDS: Record<string, React.ComponentType<any>> = { stat: Stat, timeseries: Graph, heatmap: Heatmap, table: Rows };

const isEmpty = (data: DataFrame[]) => data.every((frame) => frame.length === 0);

function Content({ panel, data, width, height }: any) {
  if (isEmpty(data)) {
    // As Grafana's PanelDataErrorView.
    return <div style={{ textAlign: 'center', paddingTop: height / 2 - 10 }}>{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
  }
  const Kind = KINDS[panel.type];
  return <Kind panel={panel} data={data} width={width} height={height} />;
}

class Guard extends React.Component<any, { error?: Error }> {
  state: { error?: Error } = {};
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  componentDidCatch(error: Error) {
    Object.assign(this.props.report, { state: 'error', text: String(error.stack) });
  }
  render() {
    return this.state.error ? <pre style={{ color: 'red' }}>{String(this.state.error)}</pre> : this.props.children;
  }
}

function Panel({ panel, data, report, place }: any) {
  return (
    <div id={`panel-${panel.id}`} style={{ position: 'absolute', ...place }}>
      <PanelChrome width={place.width} height={place.height} title={panel.title} description={panel.description} loadingState={LoadingState.Done}>
        {(width: number, height: number) => (
          <Guard report={report}>
            <Content panel={panel} data={data} width={width} height={height} />
          </Guard>
        )}
      </PanelChrome>
    </div>
  );
}

const placeOf = ({ x, y, w, h }: any) => ({ left: x * COLUMN + 4, top: y * ROW + HEADER, width: w * COLUMN - 8, height: h * ROW - 8 });

async function loaded(panel: any) {
  const place = placeOf(panel.gridPos);
  if (panel.type === 'row') {
    return <h4 key={panel.id} style={{ position: 'absolute', ...place, paddingTop: 6 }}>{panel.title}</h4>;
  }
  const report: any = { title: panel.title, state: 'data', text: '', bytes: 0 };
  reports.push(report);
  let data: DataFrame[] = [];
  try {
    data = await load(panel, place.width, report);
    report.state = isEmpty(data) ? 'empty' : 'data';
  } catch (error) {
    Object.assign(report, { state: 'error', text: String(error) });
  }
  return <Panel key={panel.id} panel={panel} data={data} report={report} place={place} />;
}

function register() {
  const editor = (id: string, path: string, isCustom: boolean) =>
    ({ id, path, name: id, isCustom, process: (value: any) => value, shouldApply: () => true }) as any;
  const standard = ['unit', 'min', 'max', 'decimals', 'displayName', 'color', 'thresholds', 'mappings', 'links', 'noValue', 'description'];
  const custom = [...Object.keys(LINE), 'width', 'align', 'cellOptions', 'axisSoftMax'];
  standardFieldConfigEditorRegistry.setInit(() => [
    ...standard.map((id) => editor(id, id, false)),
    ...custom.map((id) => editor('custom.' + id, id, true)),
  ]);
  standardEditorsRegistry.setInit(() => []);
  standardTransformersRegistry.setInit(() =>
    // Some have a second name.
    [...new Map(Object.values(standardTransformers).map((one: any) => [one.id, one])).values()].map((one: any) => ({
      id: one.id, name: one.name, transformation: async () => one, editor: () => null,
    })) as any
  );
}

async function main() {
  register();
  const panels = [];
  for (const panel of scene.dashboard.panels) {
    panels.push(await loaded(panel));
  }
  createRoot(document.getElementById('root')!).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <h3 style={{ padding: 10, margin: 0 }}>
        {scene.dashboard.title} <small>{scene.note}</small>
      </h3>
      {panels}
    </ThemeContext.Provider>
  );
  await new Promise((resolve) => setTimeout(resolve, 3000));
  for (const report of reports) {
    const { id } = scene.dashboard.panels.find((panel: any) => panel.type !== 'row' && panel.title === report.title);
    report.text ||= document.getElementById(`panel-${id}`)?.innerText ?? '';
  }
  await fetch('/report', { method: 'POST', body: JSON.stringify(reports) });
}

main().catch((error) => fetch('/report', { method: 'POST', body: JSON.stringify([{ title: 'page', state: 'error', text: String(error.stack) }]) }));

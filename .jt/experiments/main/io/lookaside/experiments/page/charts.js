// Draws the charts of a page as SVG, and saves them. Expressions are interpreted, never compiled, so
// that the page's policy can forbid code that comes from text.
(function () {
  'use strict';
  const FONT = 'system-ui, "Segoe UI", "DejaVu Sans", sans-serif';
  const LIGHT = {
    ground: '#ffffff', ink: '#1c2024', quiet: '#596068', line: '#d5d9de',
    categories: ['#0b62a8', '#d55e00', '#1b7340', '#8e44ad', '#a67c00', '#c2185b', '#4a5560', '#008b8b'],
  };
  const DARK = {
    ground: '#14171a', ink: '#e6e8ea', quiet: '#a5adb5', line: '#363c43',
    categories: ['#74b7f2', '#ff9a52', '#6fcf97', '#c39bea', '#e3c15b', '#ff85ad', '#aab4be', '#4fd1c5'],
  };

  function config(colours, width) {
    const labels = { labelColor: colours.ink, titleColor: colours.quiet, labelFont: FONT, titleFont: FONT,
      labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal' };
    return {
      background: colours.ground,
      font: FONT,
      axis: { ...labels, domainColor: colours.line, tickColor: colours.line, gridColor: colours.line,
        gridOpacity: 0.6, labelLimit: Math.max(90, Math.round(width * 0.32)), labelOverlap: true, labelSeparation: 4,
        tickCount: Math.max(3, Math.round(width / 110)) },
      axisY: { tickCount: 5 },
      legend: { ...labels, orient: 'bottom', direction: 'horizontal', columns: width < 600 ? 1 : width < 900 ? 3 : 4,
        labelLimit: width < 600 ? width - 120 : Math.round(width * 0.2), titleLimit: width, gradientLength: Math.min(200, Math.round(width * 0.45)) },
      view: { stroke: null },
      range: { category: colours.categories },
      bar: { color: colours.categories[0] },
      line: { color: colours.categories[0], strokeWidth: 2 },
      point: { filled: true, size: 40 },
      rule: { color: colours.quiet },
      text: { color: colours.ink, font: FONT, fontSize: 11 },
    };
  }

  function runtime(spec, colours, width) {
    const full = {
      ...spec, width, autosize: { type: 'fit-x', contains: 'padding' }, padding: { left: 16, right: 8, top: 4, bottom: 4 },
      config: config(colours, width),
    };
    const parsed = vegaLite.compile(full, { logger: vega.logger(vega.Error) }).spec;
    return vega.parse(parsed, null, { ast: true });
  }

  // Nothing is loaded, whatever a specification says.
  const loader = {
    load: () => Promise.reject(new Error('a report loads nothing')),
    sanitize: () => Promise.reject(new Error('a report links to nothing')),
    http: null, file: null,
  };

  function view(spec, colours, width, options) {
    return new vega.View(runtime(spec, colours, width),
      { expr: vega.expressionInterpreter, loader, logLevel: vega.Error, ...options });
  }

  const charts = [];

  async function draw(chart) {
    const width = chart.box.clientWidth;
    const colours = lookaside.dark() ? DARK : LIGHT;
    if (width === 0 || (chart.width === width && chart.colours === colours)) {
      return;
    }
    chart.width = width;
    chart.colours = colours;
    if (chart.view) {
      chart.view.finalize();
    }
    chart.view = view(chart.spec, colours, width, { renderer: 'svg', container: chart.box, hover: true });
    await chart.view.runAsync();
  }

  async function save(chart) {
    // For paper: light, and of one width whatever the window's.
    const drawing = view(chart.spec, LIGHT, 720, { renderer: 'none' });
    const svg = await drawing.toSVG();
    drawing.finalize();
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
    link.download = chart.figure.id + '.svg';
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  for (const figure of document.querySelectorAll('figure')) {
    const spec = JSON.parse(figure.querySelector('script').textContent);
    const chart = { figure, spec, box: figure.querySelector('.chart') };
    charts.push(chart);
    figure.querySelector('button.svg').addEventListener('click', () => save(chart));
  }

  // One after the other, so that the page answers in between.
  async function drawAll() {
    for (const chart of charts) {
      await draw(chart);
    }
    document.documentElement.dataset.charts = String(charts.length);
  }

  let timer = 0;
  window.addEventListener('resize', () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(drawAll, 100);
  });
  lookaside.onTheme(drawAll);
  lookaside.chartSvg = async (id) => view(charts.find((c) => c.figure.id === id).spec, LIGHT, 720,
    { renderer: 'none' }).toSVG();
  drawAll();
})();

/// The style sheet of charts, in addition to that of all pages.
///
/// Shapes have a contrast of at least 3 to 1 with the page, in light and dark mode.
package enum ChartStyle {
  /// The style sheet.
  package static let style = """

    .plot{margin:.8rem 0 1.4rem;container-type:inline-size}
    .plot+.plot svg.chart{margin-top:2.4rem}
    .plot svg.chart~figcaption{margin:1.7rem 0 0 3.6rem}
    .plot figcaption{font-size:.8125rem;color:var(--dim);flex-wrap:nowrap}
    .plot figcaption .peak{color:var(--text);text-align:center}
    .plot figcaption span:last-child{text-align:right}
    .plot details{margin-top:.6rem}
    .plot ul.legend{font-size:.8125rem;color:var(--dim);margin:.2rem 0 .8rem}
    .plot ul.legend li{display:flex;align-items:center;gap:.4rem}
    .plot ul.legend svg.mark{width:2rem;height:1.2rem}
    svg.chart{display:block;width:100%;height:10rem;overflow:visible}
    .plot svg.chart{margin:1.2rem 0 0 3.6rem;width:calc(100% - 3.6rem)}
    .grid{stroke:var(--line);stroke-dasharray:2 4}
    .base{stroke:var(--dim)}
    .chart text{fill:var(--dim);font-size:.75rem}
    .chart .level{text-anchor:end}
    .chart .tick{text-anchor:middle}
    .chart .tick.last{text-anchor:end}
    @container (max-width:40rem){.chart .extra{display:none}}
    .chart g:hover{opacity:.75}
    .chart .hatch,.key .hatch{stroke:var(--page,var(--back))}
    .strips{list-style:none;margin:0;padding:0;font-size:.875rem}
    .strips li{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 1rem;padding:.3rem 0}
    .strips .label{min-width:0}
    .strips .value{text-align:right;color:var(--dim);font-variant-numeric:tabular-nums}
    .strips svg.mark{grid-column:1/-1}
    svg.mark{display:block;width:100%;height:1.5rem;overflow:visible}
    svg.scale{display:block;width:100%;height:1.3rem;overflow:visible}
    .scale text{fill:var(--dim);font-size:.75rem}
    .scale .middle{text-anchor:middle}
    .scale .end{text-anchor:end}
    .mark .bar{fill:var(--updated)}
    .whisker{stroke:var(--dim);stroke-width:1.5}
    .mark .box{fill:var(--soft);stroke:var(--updated);stroke-width:1.5}
    .mark .median{stroke:var(--text);stroke-width:2.5}
    .dot{fill:var(--updated)}
    .ring{fill:var(--page,var(--back));stroke:var(--text);stroke-width:1.5}
    @container (min-width:30rem){.strips li{grid-template-columns:10.5rem minmax(0,1fr) 8.5rem;
    align-items:center;padding:.1rem 0}.strips svg.mark{grid-column:2;grid-row:1}
    .strips .value{grid-column:3}.plot svg.scale{margin-left:11.5rem;width:calc(100% - 21rem)}
    .plot .kind{margin-left:11.5rem}}
    @media (max-width:40rem){.plot figcaption .peak{display:none}
    .plot+.plot svg.chart{margin-top:1.6rem}}
    .scale .tight{display:none}
    @container (min-width:30rem) and (max-width:36rem){.scale .roomy{display:none}
    .scale .tight{display:inline}}
    @media print{.plot{break-inside:avoid}.numbers{display:none}
    .plot .legend,.note:has(+.plot){break-after:avoid}}

    """
}

extension ReportPage {
  static let style = """
    :root{--bg:#fff;--fg:#1c2430;--mute:#667085;--line:#e4e7ec;--card:#f7f8fa;--good:#067647;--goodbg:#e7f6ee;--bad:#b42318;
    --badbg:#fdecea;--warn:#93590b;--warnbg:#fdf3e1;--c0:#2563c9;--c1:#d9622b;--c2:#8a3fc4;--c3:#12805c}
    @media(prefers-color-scheme:dark){:root{--bg:#12161c;--fg:#e6e9ee;--mute:#98a2b3;--line:#2a313b;--card:#1a2029;
    --good:#6ce0a4;--goodbg:#10301f;--bad:#ff9a8f;--badbg:#3b1512;--warn:#f5c26b;--warnbg:#352608;--c0:#7db0ff;--c1:#ff9d6c;
    --c2:#cf9bff;--c3:#5fd6a8}}
    *{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
    main{max-width:960px;margin:0 auto;padding:28px 20px 60px}h1{margin:0;font-size:26px}h2{margin:34px 0 8px;font-size:18px}
    p{margin:6px 0}.meta{color:var(--mute);font-size:13px}
    .verdict{padding:10px 14px;border-radius:8px;margin:14px 0 0;font-weight:600}
    .verdict.good{background:var(--goodbg)}.verdict.bad{background:var(--badbg)}.verdict.warn{background:var(--warnbg)}
    .good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
    .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:10px;margin:18px 0 8px}
    .tile{background:var(--card);border-radius:8px;padding:12px 14px}.tile b{display:block;font-size:21px;white-space:nowrap}
    .tile span{color:var(--mute);font-size:13px}
    figure{margin:26px 0 0}figcaption{display:flex;flex-wrap:wrap;gap:4px 14px;align-items:baseline}
    figcaption small{flex-basis:100%;color:var(--mute)}.key{color:var(--mute);font-size:13px}
    .key i{display:inline-block;width:14px;height:3px;border-radius:2px;margin-right:5px;vertical-align:middle}
    svg{display:block;width:100%;height:auto;margin-top:4px}.grid{stroke:var(--line)}.tick{stroke:var(--mute)}
    .label{fill:var(--mute);font-size:11px}.line{fill:none;stroke-width:1.6;stroke-linejoin:round}.area{opacity:.14;stroke:none}
    .l0{stroke:var(--c0)}.l1{stroke:var(--c1)}.l2{stroke:var(--c2)}.l3{stroke:var(--c3)}
    .a0{fill:var(--c0)}.a1{fill:var(--c1)}.s0{background:var(--c0)}.s1{background:var(--c1)}.s2{background:var(--c2)}
    .s3{background:var(--c3)}.hit{fill:transparent}.hit:hover{fill:var(--mute);fill-opacity:.13}
    .wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
    th{color:var(--mute);font-weight:600}th,td{text-align:right;padding:5px 10px;border-bottom:1px solid var(--line);white-space:nowrap}
    th:first-child,td:first-child{text-align:left;padding-left:0}pre{background:var(--card);padding:14px;border-radius:8px;overflow-x:auto}
    summary{cursor:pointer;color:var(--mute)}
    """
}

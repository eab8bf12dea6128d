/// The style sheet and the script that all pages embed.
enum PageAssets {
  /// The style sheet, in addition to that of the reports.
  static let style = """

    :root{--accent:#a4622a;--patterns:#a4622a;--strip_families:#3b7a8c;--joblogs:#6d6a9c;
    --page:#fbfaf7;--card:#fff;--soft:#f4f2ec;--line:#dedbd2;--text:#22211e;--dim:#65625a;
    --shade:#22211e40}
    @media screen and (prefers-color-scheme:dark){:root{--accent:#dc9a5e;--patterns:#d08f55;
    --strip_families:#5aa3b7;--joblogs:#918dc9;--page:#161513;--card:#1e1d1a;--soft:#262420;
    --line:#3a3832;--text:#ebe8e0;--dim:#a8a498;--shade:#000c}}
    body{max-width:none;padding:0;background:var(--page);font-size:.9375rem;min-height:100vh;
    display:flex;flex-direction:column}
    .top>div,main,body>footer>div{max-width:74rem;margin:0 auto;padding:0 1.5rem;width:100%}
    .top{background:var(--card);border-bottom:1px solid var(--line)}
    .top>div{display:flex;flex-wrap:wrap;align-items:center;gap:0 2rem}
    .brand{display:flex;align-items:center;gap:.6rem;padding:.8rem 0;color:var(--text);
    font-weight:650;letter-spacing:.06em;text-decoration:none}
    .brand svg{fill:none;stroke:var(--accent)}
    .top ul{display:flex;flex-wrap:wrap;gap:0 1.5rem;margin:0;padding:0;list-style:none}
    .top nav a{display:block;padding:1rem 0 calc(1rem - 3px);border-bottom:3px solid transparent;
    color:var(--dim);text-decoration:none;white-space:nowrap}
    .top nav a:hover{color:var(--text)}
    .top nav a[aria-current]{color:var(--text);border-bottom-color:var(--accent);font-weight:600}
    @media (forced-colors:active){.top nav a{border-bottom-color:Canvas}
    .top nav a[aria-current]{border-bottom-color:Highlight}}
    main{flex:1;padding-top:2rem;padding-bottom:3rem}
    main:focus{outline:none}
    .skip{position:absolute;left:1rem;top:-5rem;padding:.6rem 1rem;background:var(--card);
    border:1px solid var(--line);border-radius:.4rem;z-index:1}
    .skip:focus{top:.6rem}
    .away{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
    white-space:nowrap}
    a{text-decoration-thickness:1px;text-underline-offset:.2em}
    h1{font-size:1.75rem;font-weight:600;letter-spacing:-.015em}
    h2{margin:0 0 .6rem;font-size:1rem;font-weight:650}
    h3{margin:0 0 .5rem;font-size:.875rem;font-weight:600;color:var(--dim)}
    section{margin:0 0 2.4rem}
    .note{font-size:.8125rem;margin:.3rem 0 0}
    .nowrap,time{white-space:nowrap}
    .id{display:block;font-size:.8125rem;overflow-wrap:anywhere}
    .verdict{margin:1rem 0 1.5rem;font-size:1rem;background:var(--card);border-radius:.4rem;
    border-left-width:.3rem}
    .verdict strong{font-weight:650;margin-right:.4rem}
    #announcement:not(.away){position:sticky;bottom:1rem;margin:1rem 0 0;padding:.6rem 1rem;
    background:var(--card);border:1px solid var(--bad);border-radius:.4rem}
    .tiles{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:1rem;margin:0 0 2.4rem;
    padding:0;list-style:none}
    .tiles a{display:block;height:100%;padding:1rem 1.25rem 1.1rem;background:var(--card);
    border:1px solid var(--line);border-radius:.5rem;color:inherit;text-decoration:none}
    .tiles a:hover{border-color:var(--dim)}
    .tiles .what{display:flex;align-items:center;gap:.5rem;color:var(--dim)}
    .count{display:block;margin-top:.2rem;font-size:clamp(1.35rem,3.4vw,2.4rem);font-weight:300;
    line-height:1.2;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
    .key{flex:none;border-radius:2px}
    rect.patterns{fill:var(--patterns)}
    rect.strip_families{fill:var(--strip_families)}
    rect.joblogs{fill:var(--joblogs)}
    rect.other{fill:var(--dim)}
    .hatch{stroke:var(--card);stroke-width:1.1;opacity:.75}
    .columns{display:grid;grid-template-columns:minmax(0,1fr);gap:0 3.5rem}
    @media (min-width:64rem){.columns{grid-template-columns:minmax(0,1fr) 21rem}}
    .thirds{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,15rem),1fr));
    gap:1.5rem 2rem}
    .findings,.recent,.plain{list-style:none;margin:0;padding:0}
    .findings li{padding:.5rem 0;border-top:1px solid var(--line)}
    .findings li:first-child{border-top:0;padding-top:0}
    .findings li>span:first-child{display:block;font-size:.8125rem}
    .recent li{padding:.55rem 0;border-top:1px solid var(--line);font-size:.875rem}
    .recent li>.id,.recent li>a{display:block}
    .state{overflow-wrap:anywhere}
    .state.good{color:var(--good)}
    .state.bad{color:var(--bad);font-weight:600}
    .state.now{color:var(--link)}
    table{font-size:.875rem;margin:0}ins{text-decoration:none}
    .scroll{background:linear-gradient(90deg,var(--page) 40%,transparent) 0 0/2rem 100% local,
    linear-gradient(270deg,var(--page) 40%,transparent) 100% 0/2rem 100% local,
    linear-gradient(90deg,var(--shade),transparent) 0 0/.7rem 100%,
    linear-gradient(270deg,var(--shade),transparent) 100% 0/.7rem 100%;
    background-repeat:no-repeat}
    th,td{padding:.55rem .75rem}
    th:first-child,td:first-child{padding-left:0}
    th:last-child,td:last-child{padding-right:0}
    thead th{font-size:.8125rem;font-weight:500;border-bottom-color:var(--dim);white-space:nowrap}
    tbody tr:hover{background:var(--soft)}
    tbody tr:hover th{box-shadow:-.75rem 0 var(--soft)}
    tbody tr:hover :is(td,th):last-child{box-shadow:.75rem 0 var(--soft)}
    dl.facts{display:block;margin:0;font-size:.875rem}
    dl.facts>div{display:grid;grid-template-columns:6.8rem minmax(0,1fr);gap:0 .8rem;
    padding:.42rem 0;border-top:1px solid var(--line)}
    dl.facts>div:first-child{border-top:0}
    dl.facts dd{font-variant-numeric:tabular-nums}
    dl.facts time{white-space:normal}
    dl.narrow{max-width:44rem;margin:0 0 1rem}
    .audit tbody th{font-weight:500;overflow-wrap:anywhere}
    .audit td:last-child{overflow-wrap:anywhere}
    @media (min-width:49.01rem){.audit{table-layout:fixed}.audit th:first-child{width:17rem}
    .audit thead th:not(:first-child,:last-child){width:9.5rem}}
    .hash{font-size:.75rem}
    .plain{margin-top:.2rem;font-size:.8125rem}
    .plain li{padding:.2rem 0}
    .run{padding:1.1rem 1.25rem;background:var(--card);border:1px solid var(--line);
    border-radius:.5rem}
    .run dl{display:flex;flex-wrap:wrap;gap:.4rem 2.5rem;margin:.8rem 0 .4rem}
    .run dt{color:var(--dim);font-size:.8125rem}
    .run dd{margin:0;font-size:1.35rem;font-weight:300;font-variant-numeric:tabular-nums}
    .stripe{height:4px;border-radius:2px;background:linear-gradient(90deg,var(--soft) 0 35%,
    var(--accent) 50%,var(--soft) 65%) 0 0/200% 100%;animation:run 1.8s linear infinite}
    @keyframes run{from{background-position:100% 0}to{background-position:-100% 0}}
    @media (prefers-reduced-motion:reduce){.stripe{animation:none;background:var(--accent)}}
    .tools{display:flex;flex-wrap:wrap;gap:.8rem 1rem;align-items:end;margin:1.2rem 0 1.4rem}
    .tools p{display:flex;flex-direction:column;gap:.25rem;margin:0;flex:0 1 auto;min-width:0}
    .tools .grow{flex:1 1 9rem}
    .tools.narrow{display:none}
    .tools label{font-size:.8125rem;color:var(--dim)}
    .tools :is(input,select,button){font:inherit;color:inherit;background:var(--card);
    border:1px solid var(--dim);border-radius:.4rem;padding:.45rem .65rem;min-width:0;
    max-width:100%;height:2.4rem}
    .tools input[type=number]{width:5.5rem}
    .tools input[type=text]{width:9rem}
    .tools ::placeholder{color:var(--dim);opacity:1}
    .tools button{background:var(--text);color:var(--page);border-color:var(--text);
    padding:.45rem 1.1rem;cursor:pointer;font-weight:550}
    .summary{display:flex;flex-wrap:wrap;gap:.4rem .8rem;align-items:center;color:var(--dim);
    margin:0 0 .6rem;font-variant-numeric:tabular-nums}
    .summary+.note{margin:-.2rem 0 .9rem}
    .check{margin:1rem 0}.check button{font:inherit;font-size:.875rem;color:inherit;cursor:pointer;
    background:var(--card);border:1px solid var(--dim);border-radius:.4rem;padding:.35rem .9rem}
    .chip{padding:.1rem .7rem;border:1px solid var(--line);border-radius:1rem;background:var(--soft);
    color:var(--text);text-decoration:none;font-size:.8125rem}
    .jumps ul{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;list-style:none;padding:0;margin:0 0 1.2rem}
    .totals{margin:0 0 1.4rem;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr))}
    .totals div{background:var(--card);border-radius:.5rem;padding:.8rem 1rem}
    .totals dt{font-size:.8125rem}
    .totals dd .note{display:block;font-size:.75rem;line-height:1.35}
    .gaps{color:var(--warn);margin:0 0 1rem}
    .part>h2{font-size:1.25rem;border-bottom:1px solid var(--line);padding-bottom:.4rem;
    margin-bottom:1.2rem}
    .figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));
    gap:0 3rem}
    .figures>section{min-width:0}
    .figures h3{font-size:1rem;color:var(--text);margin:0 0 .2rem}
    .figures h3+.note{margin:0 0 .6rem}
    .figures details .scroll{max-height:30rem;overflow:auto}
    .figures #months{grid-column:1/-1}
    .list th{min-width:12rem;overflow-wrap:anywhere;font-weight:500}
    .list td{overflow-wrap:anywhere}.list:not(.runs) td:not(.n){min-width:7.5rem}
    .list thead th{min-width:0}
    .beside>div{min-width:0}
    .list thead a{color:inherit;text-decoration:none;display:inline-block;padding:.2rem 0}
    .list thead a:hover{text-decoration:underline}
    .list [aria-sort] a{font-weight:650}
    .runs tbody th{min-width:0}
    .runs :is(th,td){padding-left:.45rem;padding-right:.45rem}
    .runs :is(th,td):first-child{padding-left:0}
    .runs .state{display:inline-block;min-width:6rem;overflow-wrap:normal}
    .runs .wide{display:inline-block;min-width:5.5rem}
    .group{background:var(--card)}
    .one-by-one li{border-top:1px solid var(--line);padding:.6rem 0}
    .one-by-one .what{font-size:.8125rem}
    .totals .error a{color:inherit}
    .beside{display:grid;grid-template-columns:minmax(0,1fr);gap:1rem 2.5rem}
    @media (min-width:64rem){.beside{grid-template-columns:13rem minmax(0,1fr)}}
    .facets section{margin:0 0 1.4rem}
    .facets :is(h2,h3){margin:0 0 .3rem;font-size:.8125rem;color:var(--dim);font-weight:600}
    .facets ul{list-style:none;margin:0;padding:0;font-size:.875rem}
    .facets li{display:flex;justify-content:space-between;gap:.8rem;padding:.15rem 0}
    .facets li>:first-child{overflow-wrap:anywhere;min-width:0}
    .facets .n{color:var(--dim);font-variant-numeric:tabular-nums}
    .facets [aria-current]{font-weight:650;color:var(--text)}
    @media (max-width:63.99rem){.facets ul{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem}
    .facets li{gap:.4rem}.facets section{margin:0 0 .6rem}}
    .thumb{width:2.5rem;height:2.5rem}
    .drawn tbody th{position:relative;padding-left:3.3rem;height:3.6rem}
    .drawn .thumb{position:absolute;left:0;top:.55rem}
    .recent .thumb{float:left;margin:.15rem .7rem 0 0}
    .recent li{overflow:hidden}
    .drawing .band[class*=wood-],.thumb .band[class*=wood-]{opacity:1}
    .thumb :is(circle,path,rect){fill:none}
    .thumb .block{stroke:var(--accent);stroke-width:5}
    .thumb .band{stroke:var(--accent);opacity:.6}
    .thumb .rim{stroke:var(--dim);stroke-width:6}
    \(WoodTone.style)
    @media screen and (prefers-color-scheme:dark){:is(.thumb,.drawing):has([class*=wood-]){
    background:#5d574d;border-radius:.5rem}}
    .woods{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;list-style:none;margin:0 0 .8rem;padding:0;
    font-size:.8125rem}
    .woods svg{display:inline-block;width:.9rem;height:.9rem;vertical-align:-.1rem;margin-right:.35rem}
    .nothing{padding:3rem 1rem;text-align:center;border:1px dashed var(--line);
    border-radius:.5rem;color:var(--dim)}
    .pager{display:flex;flex-wrap:wrap;gap:.4rem 1.4rem;justify-content:center;margin:1.6rem 0 0;
    font-variant-numeric:tabular-nums}
    .crumbs{font-size:.8125rem;color:var(--dim);margin-bottom:.3rem}
    .crumbs a{display:inline-block;padding:.15rem 0}
    .crumbs~.lead{margin-bottom:0}
    .crumbs~.lead+.note{margin-top:.2rem}
    .crumbs~p{margin:.3rem 0 2rem}
    .lead{font-size:1rem;max-width:40rem;margin-top:.8rem}
    pre.json{margin:.4rem 0;padding:1rem 1.1rem;max-height:32rem;overflow:auto;background:var(--card);
    border:1px solid var(--line);border-radius:.5rem;font-size:.8125rem;line-height:1.55;
    white-space:pre-wrap;overflow-wrap:anywhere;tab-size:2}
    pre.json code{font-size:inherit}
    .json .k{color:var(--link)}
    .json .s{color:var(--good)}
    .rings{display:flex;flex-wrap:wrap;gap:1.5rem 2.5rem;align-items:flex-start;margin:.6rem 0 1rem}
    .rings>div:first-child{flex:1 1 16rem;min-width:0}
    .rings>.scroll{flex:1 1 auto;min-width:0;max-width:100%}
    .drawing{display:block;width:100%;height:auto;max-height:26rem}
    .drawing :is(circle,path,rect){fill:none;vector-effect:non-scaling-stroke}
    .drawing .band,.drawing .cuts{vector-effect:none}
    .drawing .band{stroke:var(--accent);opacity:.42}
    .drawing .cuts{stroke:var(--page)}
    .drawing .edge{stroke:var(--accent);stroke-width:1}
    .drawing .edge:has(+.line){stroke-width:5}
    .drawing .line{stroke-width:3}
    .drawing .hole{stroke:var(--dim);stroke-dasharray:4 4}
    .drawing .axis{stroke:var(--dim)}
    .drawing .outline{stroke:var(--accent);stroke-width:1.5;fill:var(--card)}
    .drawing .cells{stroke:var(--accent);opacity:.45}
    .block{max-width:30rem}
    .block figcaption{margin-top:.6rem;font-size:.8125rem;color:var(--dim)}
    ul.note{padding-left:1.1rem}
    body>footer{margin:0;border-top:1px solid var(--line);padding:1rem 0;font-size:.8125rem}
    @media screen and (max-width:49rem){.tools.narrow{display:flex}
    .cards tbody th a,.recent li>a{display:inline-block;padding:.2rem 0;min-height:1.5rem}
    .cards.runs tbody th a{padding:.3rem 0}.cards.runs td[data-label=Command]{display:none}
    .pager a{display:inline-block;padding:.2rem 0}.rings :is(th,td){padding-left:.4rem;padding-right:.4rem}
    .cards td a,.facets li a{display:inline-block;padding:.15rem 0}
    .cards tbody th .away{position:static;clip-path:none;white-space:normal}
    .top>div,main,body>footer>div{padding-left:1rem;padding-right:1rem}
    .top>div{gap:0}.brand{padding:.7rem 0 0}.top nav{width:100%;overflow-x:auto}
    .top ul{gap:0 1.1rem;padding:.2rem 0}.top nav a{padding:.35rem 0 calc(.45rem - 3px)}
    .top nav a{font-size:.875rem}main{padding-top:1.4rem}
    .tiles{grid-template-columns:minmax(0,1fr);gap:.5rem}
    .tiles a{display:flex;justify-content:space-between;align-items:center;gap:1rem;
    padding:.6rem 1rem}.count{margin:0}
    .tools .grow{flex-basis:100%}.tools p:not(.grow){flex:1 1 8rem}.tools :is(input,select,button)[id],.tools button{width:100%}
    .cards thead{position:absolute;clip-path:inset(50%)}
    .cards,.cards tbody,.cards tr,.cards th,.cards td{display:block}
    .cards tr{padding:.6rem 0;border-bottom:1px solid var(--line)}
    .cards th,.cards td{border:0;padding:.1rem 0;text-align:left}
    .cards td{display:grid;grid-template-columns:7rem minmax(0,1fr);column-gap:.6rem}
    .cards td::before{content:attr(data-label);color:var(--dim)}
    .cards td>*{grid-column:2;justify-self:start}
    .cards td.n{white-space:normal}table.cut.cards td.tick{width:auto}
    .drawn tr{position:relative;padding-left:3.3rem!important}
    .drawn tbody th{position:static;height:auto;padding-left:0}
    .cards.drawn td{grid-template-columns:5.5rem minmax(0,1fr)}
    .cards.runs tr{display:grid;grid-template-columns:1fr 1fr}
    .runs :is(th,td:not(.n)){grid-column:1/-1}
    .cards.runs td{grid-template-columns:5rem minmax(0,1fr)}
    tbody tr:hover :is(th,td){box-shadow:none!important}
    dl.facts dd{margin:0}}
    @media print{:root{--page:#fff;--card:#fff;--soft:#fff;--line:#bbb}
    .top nav,.tools,.check,.pager,.skip,.unprinted,body>footer,.chip{display:none!important}
    .figures{display:block}.figures>section{break-inside:avoid}
    body{display:block;min-height:0}main,.top>div{max-width:none;padding:0}main{padding-top:1rem}
    pre.json{max-height:none}.columns{grid-template-columns:minmax(0,1fr) 16rem}
    .findings li,.recent li{break-inside:avoid}
    .columns:has(.runs){grid-template-columns:minmax(0,1fr)}
    .audit{table-layout:fixed}.audit th:first-child{width:11rem}
    .audit thead th:not(:first-child,:last-child){width:8.5rem}
    .cut td:not(.n,.tick){overflow-wrap:anywhere;min-width:6rem}
    .scroll{overflow:visible;background:none}section{break-inside:auto}}

    """

  /// The script: follows a run, searches while typing, shows relative times, and shows figures as
  /// soon as they have been computed.
  ///
  /// Values from the API are shown through `textContent` only. Other responses are pages of this
  /// server, parsed like any page.
  static let script = """

    (()=>{"use strict";
    const $=id=>document.getElementById(id),units=[["month",2629800],["day",86400],
    ["hour",3600],["minute",60]],
    format=new Intl.RelativeTimeFormat("en",{numeric:"auto"});
    const ago=()=>{for(const time of document.querySelectorAll("#overview time[datetime]")){
    const text=time.getAttribute("datetime");
    if(!/T.*(Z|[+-]\\d\\d:\\d\\d)$/.test(text))continue;
    const seconds=(Date.parse(text)-Date.now())/1000;if(!isFinite(seconds))continue;
    if(!time.title)time.title=time.textContent;
    const unit=units.find(u=>Math.abs(seconds)>=u[1]);
    if(unit&&unit[0]==="month")continue;
    time.textContent=unit?format.format(Math.round(seconds/unit[1]),unit[0]):"just now"}};
    addEventListener("beforeprint",()=>{
    for(const time of document.querySelectorAll("#overview time[title]"))time.textContent=time.title});
    addEventListener("afterprint",ago);
    const requests={},timers={};
    const swap=async(url,id)=>{requests[id]?.abort();const mine=requests[id]=new AbortController();
    const answer=await fetch(url,{signal:mine.signal,headers:{Accept:"text/html"}});
    if(!answer.ok)throw new Error(String(answer.status));
    const page=new DOMParser().parseFromString(await answer.text(),"text/html"),
    found=page.getElementById(id),old=$(id);if(!found||!old||mine!==requests[id])return false;
    const open=[...old.querySelectorAll("details[open]")].map(d=>d.id);
    const at=old.contains(document.activeElement)&&document.activeElement.getAttribute("href");
    old.replaceWith(document.importNode(found,true));
    for(const o of open){const d=$(o);if(d)d.open=true}
    if(at){const link=[...$(id).querySelectorAll("a")].find(a=>a.getAttribute("href")===at);
    if(link)link.focus()}ago();return true};
    const form=$("search");if(form){let timer=0;
    const search=()=>{const query=new URLSearchParams();
    for(const [name,value] of new FormData(form))
    if(value!==""||form.elements[name].type==="hidden")query.append(name,value);
    const url=form.getAttribute("action")+"?"+query;
    swap(url,"results").then(ok=>{if(!ok)return;history.replaceState(null,"",url);
    $("found").textContent=$("count").textContent;renew()})
    .catch(error=>{if(error.name!=="AbortError")form.submit()})};
    form.addEventListener("input",event=>{clearTimeout(timer);
    timer=setTimeout(search,event.target.tagName==="SELECT"?0:220)});
    form.addEventListener("submit",event=>{event.preventDefault();clearTimeout(timer);search()})}
    const renew=(ids=["figures","facets","audit","report","runs-found","days"])=>{for(const id of ids){const box=$(id);
    clearTimeout(timers[id]);requests[id]?.abort();
    if(box&&box.dataset.refreshing!==undefined)
    timers[id]=setTimeout(()=>swap(location.pathname+location.search,id).then(()=>renew([id]),()=>{}),
    Number(box.dataset.refreshing)||2000)}};
    renew();
    if($("overview")){const number=n=>Number(n).toLocaleString("en-US"),
    duration=seconds=>{const s=Math.round(seconds),m=Math.floor(s/60);
    return s<60?s+" s":m<60?m+" min "+s%60+" s":Math.floor(m/60)+" h "+m%60+" min"};
    let tag="",wait=4000,timer=0,said=0,run=$("overview").dataset.run,due=false,lost=false,
    heard=new Date();
    const say=text=>{$("announcement").textContent=text};
    const hear=answers=>{if(answers)heard=new Date();if(answers!==lost)return;lost=!answers;
    $("announcement").classList.toggle("away",answers);
    say(answers?"The server is responding again.":"No response from the server since "+
    heard.toLocaleTimeString("en-GB",{hour:"2-digit",minute:"2-digit"})+
    "; this page may be out of date.")};
    const show=status=>{const current=status.current_run,box=$("run"),
    now=current?String(current.id):"";
    for(const cell of document.querySelectorAll("[data-count]")){
    const n=status.entity_counts[cell.dataset.count];if(n!==undefined)cell.textContent=number(n)}
    if(box){box.hidden=!current;if(current)for(const cell of box.querySelectorAll("[data-run]")){
    const key=cell.dataset.run,value=current[key];if(value===undefined||value===null)continue;
    if(cell.dataset.place!==undefined)cell.href="/runs/"+Number(current.id)+cell.dataset.place;
    cell.textContent=key==="seconds"?duration(value):key==="source"?String(value):number(value)}}
    if(current&&(now!==run||Date.now()-said>15000)){said=Date.now();
    say("Migration in progress: "+number(current.found)+" found, "+number(current.failed)+" failed.")}
    const ended=run&&!current,moved=!current&&
    (String(status.entity_counts.total)!==$("overview").dataset.total||
    status.validation.verdict!==$("overview").dataset.verdict||
    (status.last_audit?status.last_audit.finished_at:"")!==$("overview").dataset.audit);run=now;
    if(ended)say("The migration has ended.");
    return ended||moved};
    const poll=async()=>{clearTimeout(timer);if(document.hidden)return;
    try{const answer=await fetch("/api/rmos/stores/migration/status",
    {cache:"no-store",headers:tag?{"If-None-Match":tag}:{}});
    if(!answer.ok&&answer.status!==304)throw new Error(String(answer.status));
    const status=answer.ok&&await answer.json();hear(true);
    if(!status)wait=Math.min(wait*1.3,30000);
    else{due=show(status)||due;wait=status.current_run?1000:4000;
    if(due){await swap("/","overview");due=false}
    tag=answer.headers.get("ETag")||""}}catch{wait=Math.min(wait*2,60000);hear(false)}
    if(run)wait=Math.min(wait,2000);
    clearTimeout(timer);timer=setTimeout(poll,wait)};
    document.addEventListener("visibilitychange",()=>{if(document.hidden)clearTimeout(timer);
    else{wait=4000;poll()}});
    timer=setTimeout(poll,run?1000:wait);ago();setInterval(ago,60000)}})();

    """
}

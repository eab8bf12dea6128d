extension PageAssets {
  /// The script: follows a run, searches while typing, shows how long ago something was, and shows
  /// figures that are being computed when they are there.
  ///
  /// Values from the API are shown by `textContent` only. Other results are pages of this server,
  /// parsed as the browser parses any page.
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
    let request=null;
    const swap=async(url,id)=>{if(request)request.abort();const mine=request=new AbortController();
    const answer=await fetch(url,{signal:mine.signal,headers:{Accept:"text/html"}});
    if(!answer.ok)throw new Error(String(answer.status));
    const page=new DOMParser().parseFromString(await answer.text(),"text/html"),
    found=page.getElementById(id),old=$(id);if(!found||!old||mine!==request)return false;
    const open=[...old.querySelectorAll("details[open]")].map(d=>d.id);
    const at=old.contains(document.activeElement)&&document.activeElement.getAttribute("href");
    old.replaceWith(document.importNode(found,true));
    for(const o of open){const d=$(o);if(d)d.open=true}
    if(at){const link=[...$(id).querySelectorAll("a")].find(a=>a.getAttribute("href")===at);
    if(link)link.focus()}ago();return true};
    const form=$("search");if(form){let timer=0;
    const search=()=>{const query=new URLSearchParams();
    for(const [name,value] of new FormData(form))if(value!=="")query.append(name,value);
    const url=form.getAttribute("action")+"?"+query;
    swap(url,"results").then(ok=>{if(!ok)return;history.replaceState(null,"",url);
    $("found").textContent=$("count").textContent;renew()})
    .catch(error=>{if(error.name!=="AbortError")form.submit()})};
    form.addEventListener("input",event=>{clearTimeout(timer);
    timer=setTimeout(search,event.target.tagName==="SELECT"?0:220)});
    form.addEventListener("submit",event=>{event.preventDefault();clearTimeout(timer);search()})}
    const renew=()=>{for(const id of ["figures","facets","audit","report","runs-found","days"]){const box=$(id);
    if(box&&box.dataset.refreshing!==undefined)
    setTimeout(()=>swap(location.pathname+location.search,id).then(renew,()=>{}),
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

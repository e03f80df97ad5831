def tonumber: if isnumber then . else __tonumber end;
def join($s): reduce .[] as $x (null;
  (if . == null then "" else . + $s end)
  + ($x | if . == null then "" elif isstring or isarray or isobject then . else tojson end)) // "";
def __key: if .key == null then (.k // .name // .Name // .K // .Key) else .key end;
def __value: if has("value") then .value elif has("v") then .v else .Value end;
def from_entries: reduce .[] as $x ({};
  . + {($x | __key | if isstring then . else tojson end): ($x | __value)});
def keys_unsorted: if . >= [] then __keys_unsorted else error(__shown + " has no keys") end;
def keys: keys_unsorted | sort;
def to_entries: [keys_unsorted[] as $k | {key: $k, value: .[$k]}];
def with_entries(f): to_entries | map(f) | from_entries;
def walk(f): def w: if isobject then map_values(w) elif isarray then map(w) else . end | f; w;
def del(f): delpaths([path(f)]);
def toarray: if isarray then . else [.] end;
def ltrimstr($s): if isstring and ($s | isstring) then __ltrimstr($s) else . end;
def rtrimstr($s): if isstring and ($s | isstring) then __rtrimstr($s) else . end;
def startswith($s): if isstring and ($s | isstring) then __startswith($s)
  else error("startswith() requires string inputs") end;
def endswith($s): if isstring and ($s | isstring) then __endswith($s)
  else error("endswith() requires string inputs") end;
def explode: if isstring then __explode else error("explode input must be a string") end;
def ascii_downcase: if isstring then __ascii_downcase else error("explode input must be a string") end;
def ascii_upcase: if isstring then __ascii_upcase else error("explode input must be a string") end;
def flatten($d):
  def f($n): reduce .[] as $x ([]; if ($x | isarray) and $n > 0 then . + ($x | f($n - 1)) else . + [$x] end);
  if $d < 0 then error("flatten depth must not be negative") else f($d) end;
def flatten: flatten(1e9);
def has($k): if (isobject and ($k | isstring)) or (isarray and ($k | isnumber)) then __has($k)
  else error("Cannot check whether " + type + " has a " + ($k | type) + " key") end;
def in(xs): . as $x | xs | has($x);
def leaf_paths: paths(scalars);
def date: todate;
def dateadd(u; n): . + n;
def datesub(u; n): . - n;
def localtime: gmtime;
def strflocaltime($f): strftime($f);
def halt_error: halt_error(5);
def input_filename: null;
def __pattern: if isarray then . else [., null] end;
def __text: if isstring then . else error(__shown + " cannot be matched, as it is not a string") end;
def test($re; $flags): __text | matches($re; $flags // "") | any;
def test($re): ($re | __pattern) as [$r, $f] | test($r; $f);
def match($re; $flags): __text | matches($re; $flags // "")[] | .[0] + {captures: .[1:]};
def match($re): ($re | __pattern) as [$r, $f] | match($r; $f);
def capture($re; $flags): __text | matches($re; $flags // "")[]
  | [.[1:][] | select(.name) | {key: .name, value: .string}] | from_entries;
def capture($re): ($re | __pattern) as [$r, $f] | capture($r; $f);
def scan($re; $flags): __text | matches($re; "g" + ($flags // ""))[]
  | [.[].string] | if length > 1 then .[1:] else .[0] end;
def scan($re): scan($re; null);
def split($re; $flags): __text | split_($re; "g" + ($flags // ""));
def splits($re; $flags): split($re; $flags)[];
def splits($re): splits($re; null);
def @csv: if isarray then
    map(if isstring then "\"" + (split("\"") | join("\"\"")) + "\"" elif . == null then ""
        elif . >= [] then error(__shown + " is not valid in a csv row") else tojson end) | join(",")
  else error(__shown + " cannot be csv-formatted, only an array can be") end;
def @tsv: if isarray then
    map(if isstring then split("\\") | join("\\\\") | split("\t") | join("\\t") | split("\n") | join("\\n")
          | split("\r") | join("\\r") elif . == null then ""
        elif . >= [] then error(__shown + " is not valid in a tsv row") else tojson end) | join("\t")
  else error(__shown + " cannot be tsv-formatted, only an array can be") end;
def @html: tostring | split("&") | join("&amp;") | split("<") | join("&lt;") | split(">") | join("&gt;")
  | split("'") | join("&#39;") | split("\"") | join("&quot;");
def @text: tostring;
def @json: tojson;
def __dated:
  if type == "number" and (. > 253402300799 or . < -62135596800)
  then error("error converting number of seconds since epoch to datetime") else . end;
def gmtime: __dated | __gmtime;
def strftime(f): __dated | __strftime(f);
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def todate: todateiso8601;

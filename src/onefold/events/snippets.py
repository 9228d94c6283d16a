"""Code to paste: how each library and language sends to this installation with a key. Pure."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from onefold.kernel.marking import marked as _


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """A tab. `note` is marked for translation."""

    id: str
    title: str
    code: str
    note: str = ""


_CURL: Final = """curl {url}/v1/identify -u {key}: \\
  -H 'Content-Type: application/json' \\
  -d '{{"userId": "1001", "traits": {{"name": "Ada Lovelace", "email": "ada@example.com"}}}}'"""
_IMPORT: Final = """curl {url}/v1/import -u {key}: \\
  -H 'Content-Type: application/json' \\
  -d '{{"batch": [
    {{"type": "identify", "messageId": "import-1001", "userId": "1001", "traits": {{"email": "ada@example.com"}}}},
    {{"type": "identify", "messageId": "import-1002", "userId": "1002", "traits": {{"email": "bela@example.com"}}}}
  ]}}'"""
_SCRIPT: Final = """<script src="{url}/onefold.js" data-write-key="{key}"></script>"""
_NEXT: Final = """import {{ AnalyticsBrowser }} from '@segment/analytics-next'

const analytics = AnalyticsBrowser.load(
  {{ writeKey: '{key}', cdnURL: '{url}' }},
  {{ integrations: {{ 'Segment.io': {{ apiHost: '{host}/v1', protocol: '{scheme}' }} }} }},
)
analytics.identify('1001', {{ email: 'ada@example.com' }})"""
_RUDDER: Final = """import {{ RudderAnalytics }} from '@rudderstack/analytics-js'

const analytics = new RudderAnalytics()
analytics.load('{key}', '{url}', {{ configUrl: '{url}' }})
analytics.identify('1001', {{ email: 'ada@example.com' }})"""
_JITSU: Final = """import {{ jitsuAnalytics }} from '@jitsu/js'

const analytics = jitsuAnalytics({{ writeKey: 'key:{key}', host: '{url}' }})
analytics.identify('1001', {{ email: 'ada@example.com' }})"""
_REACT_NATIVE: Final = """import {{ createClient }} from '@segment/analytics-react-native'

const analytics = createClient({{
  writeKey: '{key}',
  proxy: '{url}/v1',
  cdnProxy: '{url}/v1',
  useSegmentEndpoints: true,
}})
analytics.identify('1001', {{ email: 'ada@example.com' }})"""
_SWIFT: Final = """import Segment

let analytics = Analytics(configuration: Configuration(writeKey: "{key}")
    .apiHost("{host}/v1")
    .cdnHost("{host}/v1"))
analytics.identify(userId: "1001", traits: ["email": "ada@example.com"])"""
_KOTLIN: Final = """import com.segment.analytics.kotlin.android.Analytics
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put

val analytics = Analytics("{key}", applicationContext) {{
    apiHost = "{host}/v1"
    cdnHost = "{host}/v1"
}}
analytics.identify("1001", buildJsonObject {{ put("email", "ada@example.com") }})"""
_RUDDER_NODE: Final = """const Analytics = require('@rudderstack/rudder-sdk-node')

const analytics = new Analytics('{key}', {{ dataPlaneUrl: '{url}' }})
analytics.identify({{ userId: '1001', traits: {{ email: 'ada@example.com' }} }})
analytics.flush()"""
_JITSU_NODE: Final = """const {{ jitsuAnalytics }} = require('@jitsu/js')

const analytics = jitsuAnalytics({{ writeKey: 'key:{key}', host: '{url}' }})
analytics.identify('1001', {{ email: 'ada@example.com' }})"""
_PIXEL: Final = """<img alt="" width="1" height="1"
  src="{url}/v1/pixel/track?writeKey={key}&amp;event=Email+Opened&amp;userId=1001">"""
_NODE: Final = """const {{ Analytics }} = require('@segment/analytics-node')

const analytics = new Analytics({{ writeKey: '{key}', host: '{url}' }})
analytics.identify({{ userId: '1001', traits: {{ email: 'ada@example.com' }} }})"""
_PYTHON: Final = """import segment.analytics as analytics

analytics.write_key = "{key}"
analytics.host = "{url}"
analytics.identify("1001", {{"email": "ada@example.com"}})
analytics.flush()"""
_GO: Final = """import "github.com/segmentio/analytics-go/v3"

client, err := analytics.NewWithConfig("{key}", analytics.Config{{Endpoint: "{url}"}})
if err != nil {{
    panic(err)
}}
defer client.Close()
client.Enqueue(analytics.Identify{{
    UserId: "1001",
    Traits: analytics.NewTraits().SetEmail("ada@example.com"),
}})"""
_JAVA: Final = """import java.net.URI;
import java.net.http.*;
import java.util.Base64;

var body = "{{\\"userId\\": \\"1001\\", \\"traits\\": {{\\"email\\": \\"ada@example.com\\"}}}}";
var key = Base64.getEncoder().encodeToString("{key}:".getBytes());
var request = HttpRequest.newBuilder(URI.create("{url}/v1/identify"))
    .header("Authorization", "Basic " + key)
    .header("Content-Type", "application/json")
    .POST(HttpRequest.BodyPublishers.ofString(body))
    .build();
HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());"""
_PHP: Final = """use Segment\\Segment;

Segment::init('{key}', ['host' => '{host}', 'ssl' => {php_ssl}, 'consumer' => 'lib_curl']);
Segment::identify(['userId' => '1001', 'traits' => ['email' => 'ada@example.com']]);
Segment::flush();"""
_RUBY: Final = """require 'json'
require 'net/http'

uri = URI('{url}/v1/identify')
request = Net::HTTP::Post.new(uri, 'Content-Type' => 'application/json')
request.basic_auth('{key}', '')
request.body = JSON.generate(userId: '1001', traits: {{ email: 'ada@example.com' }})
Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == 'https') {{ |http| http.request(request) }}"""

_BROWSER: Final = (
    ("script", "Script line", _SCRIPT, _("Into the head of every page. It asks no other host for anything.")),
    ("next", "analytics-next", _NEXT, _("Segment's library, bundled with your own code.")),
    ("rudder", "RudderStack", _RUDDER, ""),
    ("jitsu", "Jitsu", _JITSU, ""),
    ("pixel", "Pixel", _PIXEL, _("For e-mails and pages without script.")),
    ("curl", "curl", _CURL, ""),
)
_APP: Final = (
    ("native", "React Native", _REACT_NATIVE, ""),
    ("swift", "Swift", _SWIFT, _("For Apple's systems. It speaks TLS only: the collector needs https.")),
    ("kotlin", "Kotlin", _KOTLIN, _("For Android. It speaks TLS only: the collector needs https.")),
    ("curl", "curl", _CURL, ""),
)
_SERVER: Final = (
    ("curl", "curl", _CURL, ""),
    ("node", "Node.js", _NODE, ""),
    ("python", "Python", _PYTHON, ""),
    ("go", "Go", _GO, ""),
    ("java", "Java", _JAVA, _("Java 11 or later, without a library.")),
    ("php", "PHP", _PHP, ""),
    ("ruby", "Ruby", _RUBY, _("Segment's gem speaks TLS only; this needs no gem.")),
    ("rudder", "RudderStack", _RUDDER_NODE, _("For Node.js.")),
    ("jitsu", "Jitsu", _JITSU_NODE, _("For Node.js. It does not send again what failed.")),
    ("pixel", "Pixel", _PIXEL, _("A secret key must not stand in a page: make a public one for this.")),
)
_IMPORTS: Final = (
    ("import", "curl", _IMPORT, _("Up to 2,500 events in a request; the same messageId counts once.")),
    ("python", "Python", _PYTHON, ""),
    ("node", "Node.js", _NODE, ""),
)
_OF_KIND: Final = {"browser": _BROWSER, "app": _APP, "server": _SERVER, "import": _IMPORTS}
PLACEHOLDER: Final = "YOUR_WRITE_KEY"


def snippets_for(kind: str, key: str, url: str) -> list[Snippet]:
    """What suits a kind of source, the simplest first. `url`: of the collector, without a slash at its end."""
    parts = urlsplit(url)
    words = {
        "key": key or PLACEHOLDER, "url": url, "host": parts.netloc, "scheme": parts.scheme,
        "php_ssl": "true" if parts.scheme == "https" else "false",
    }  # fmt: skip
    return [
        Snippet(id=id_, title=title, code=code.format(**words), note=note)
        for id_, title, code, note in _OF_KIND.get(kind, _SERVER)
    ]

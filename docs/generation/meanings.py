"""What the keys of the configuration mean, where the models do not say it themselves."""

HEAD = """\
# Configuration

<!-- Made by docs/generate.py from the models in src/tercera. Do not edit. -->

One YAML file, `tercera.yaml`. `tercera check` reports every mistake at once, each with its line.

`${NAME}` is filled in from the environment, or from `.env` beside the file (the environment wins).
`${NAME:-otherwise}` has a default. `${file:path}` reads a file, relative to the configuration.
What is filled in stays text: a password with `:` or `#` in it can't change the document.

A **duration** is a number and a unit: `30s`, `5m`, `12h`, `30d`, `2w`.
"""

TITLES = {
    "Skeleton": "",
    "Schedule": "When to sweep. Give exactly one of the two.",
    "GuardSettings": "When a cycle would tell very many at once, its notices are held back. See [the blast "
    "guard](../howto/blast-guard.md).",
    "DeliverySettings": "How messages are tried again. See [delivery](../howto/delivery.md).",
    "RejectsSettings": "When rows that can't be judged are operations' business. See [the data "
    "watch](../howto/watch-the-data.md).",
    "FreshnessSettings": "When a source that shows no new orders is operations' business.",
    "HeartbeatSettings": "When a Tercera that can't sweep is operations' business, and a sign of life for a "
    "service that notices when it stays away.",
    "RuleSettings": "One entry for each rule.",
    "MatchSettings": "How the values of one order field must look. `status: [returned, cancelled]` is short "
    "for `status: {in: [returned, cancelled]}`.",
    "ListenerSettings": "An entry of a rule's `notify` that says more than the name of a channel. See [route "
    "alerts](../howto/route-alerts.md).",
    "Derived": "A field told from the shape of another: the name of the first pattern that the other's text "
    "contains. See [ADR 0008](../adr/0008-derive.md).",
}

DEFAULTS = {"Settings.rate": "no limits", "Settings.days": "every day",
            "Skeleton.operations": "the channel named `operations`, if any", "Smtp.port": "by `security`",
            "RuleSettings.timezone": "the top level's", "OrderDocuments.timestamps": "`instant`",
            "Settings.engine": "by the address",
            "WebSettings.secret": "a file `.tercera-key` beside the configuration"}  # fmt: skip

MEANINGS = {
    "Skeleton.timezone": "IANA zone of the calendar windows, like `America/Bogota`",
    "Skeleton.ledger": "the SQLite file of what was said, relative to the configuration's folder; or, for "
    "[several instances](../howto/several-instances.md), a PostgreSQL database: "
    "`postgresql+psycopg://user:password@host/database`",
    "Skeleton.lease": "how long the other instances wait for one that does not answer, before they take over "
    "what it was doing; only for a ledger on PostgreSQL",
    "Skeleton.source": "where orders and customers are read; its `kind` says which section applies",
    "Skeleton.rules": "what to watch for; at least one",
    "Skeleton.channels": "ways of telling, by names of your own; rules name them in `notify`",
    "Skeleton.email": "the mail server that email channels share",
    "Skeleton.schedule": "when to sweep",
    "Skeleton.operations": "name of the channel that hears of customers who could not be told, of "
    "what the guard holds back, and of what the data watch finds",
    "Skeleton.guard": "when very many notices at once are held back",
    "Skeleton.delivery": "how messages are tried again, and over how many connections they go out",
    "DeliverySettings.first_pause": "pause after a first failure; doubled each time, half of it by lot",
    "DeliverySettings.longest_pause": "pauses of a message that is refused for now grow up to this",
    "DeliverySettings.longest_probe_pause": "… those of a channel whose other side is away",
    "DeliverySettings.attempts": "a message that is refused so often is dead; an outage does not count",
    "DeliverySettings.max_age": "… and so is one that was first refused so long ago",
    "DeliverySettings.connections": "of each channel, at the same time",
    "Skeleton.rejects": "from which share of rows that can't be judged on operations is told",
    "Skeleton.freshness": "how old the newest order may be; not looked at when missing",
    "Skeleton.heartbeat": "how long no cycle may succeed, and where a sign of life goes",
    "RejectsSettings.max_share": "share of the rows that a rule's sweep read, like `5%`",
    "RejectsSettings.min_rows": "of fewer rows nothing is said",
    "FreshnessSettings.max_age": "how old the newest order may be; of one without a time, in whole days",
    "Skeleton.web": "the dashboard and the API",
    "WebSettings.host": "address to listen at; beyond this machine it takes users, and a proxy for TLS",
    "WebSettings.port": "port to listen at; 0 is any free one",
    "WebSettings.url": "where browsers find the dashboard, like `https://tercera.example.com`; mails "
    "link there if it is set",
    "WebSettings.in_run": "false: `tercera run` serves no dashboard, `tercera serve` alone does",
    "WebSettings.session": "how long a login lasts, 1m to 30d",
    "WebSettings.secret": "signs links and forms, at least 32 characters; write `${NAME}`. With several "
    "instances it is the same for all",
    "WebSettings.mail_links": "false: mails have no links to act by",
    "WebSettings.links_last": "how long the links of a mail can be used",
    "WebSettings.proxies": "addresses of proxies that are believed when they tell where a request came from",
    "WebSettings.openid": "logging in by OpenID Connect",
    "OpenIdSettings.issuer": "the provider's address, under which its `.well-known` configuration lies",
    "OpenIdSettings.client_id": "as the provider knows Tercera",
    "OpenIdSettings.client_secret": "as the provider gave it; write `${NAME}`",
    "OpenIdSettings.role_claim": "the claim of the identity that names roles or groups",
    "OpenIdSettings.roles": "which of its values makes somebody a `viewer`, `operator` or `admin` here",
    "OpenIdSettings.default_role": "for those who have none of them: `viewer` or `operator`; without it, "
    "they are not let in",
    "HeartbeatSettings.max_age": "how long no cycle may succeed; longer than the pause between sweeps",
    "HeartbeatSettings.ping": "URL to call after each good cycle; write `${NAME}`, since it is a secret",
    "HeartbeatSettings.ping_failed": "URL that is called after a cycle that did not succeed",
    "HeartbeatSettings.allow_private": "true lets these URLs lead to this machine or a private network, also "
    "by `http://`",
    "GuardSettings.max_notices": "alerts that one cycle may tell of",
    "GuardSettings.max_share": "… and which share of a rule's watched pairs, like `5%`; `1` turns it off",
    "GuardSettings.min_notices": "up to so many alerts, the share is not looked at",
    "GuardSettings.expires": "how long held notices wait for a decision before they are discarded",
    "Schedule.every": "pause between two sweeps, at least `1s`; `10m` beside `live`",
    "Schedule.cron": "five fields, like `0 8 1 * *`, in the top level's time zone",
    "Schedule.live": "look at customers [as their orders change](../howto/live.md), beside the sweeps; the "
    "source must be able to tell of changes",
    "Schedule.debounce": "what changes within so long of the first change is looked at together",
    "RuleSettings.id": "lower-case letters, digits, hyphens; the ledger knows the rule by it, so keep it",
    "RuleSettings.title": "what operations reads",
    "RuleSettings.when": "order field → values; an order matches when every field does",
    "RuleSettings.per": "whom to count for: `customer`, or an order field",
    "RuleSettings.within": "how long a window is; always whole calendar days in the rule's zone",
    "RuleSettings.levels": "name → number of distinct matching orders that reaches it",
    "RuleSettings.notify": "who hears of it: names of channels, entries that say more, or channels by level",
    "RuleSettings.on": "which [transitions](lifecycle.md) are told of, where an entry of `notify` does "
    "not say",
    "ListenerSettings.to": "name of a channel, or several",
    "ListenerSettings.levels": "only when a new step reaches one of these levels; all when empty",
    "ListenerSettings.on": "which transitions; the rule's own `on` when empty",
    "ListenerSettings.when": "order field → values; one of the matching orders must meet them all",
    "ListenerSettings.customer": "customer field → values: `id`, `name`, `email`, `language`, `timezone`, or "
    "one of the source's `customers.fields`",
    "RuleSettings.grace": "how long after its end a window is still watched",
    "RuleSettings.statement": "channels that get a [statement](../howto/month-close.md) of each window "
    "when its grace has passed",
    "RuleSettings.evidence": "at most so many orders are listed; the count is never capped (1 to 1000)",
    "RuleSettings.timezone": "IANA zone of this rule's windows",
    "MatchSettings.values": "the order's value is one of these",
    "MatchSettings.ignore_case": "`Returned` is `returned`, too",
    "Derived.source": "column or path of the value to look at",
    "Derived.patterns": "told value → regular expression",
    "Derived.otherwise": "what is told when no pattern fits; nothing when empty",
    "Settings.kind": "this section's kind",
    "Settings.orders": "see below",
    "Settings.customers": "see below; without it, nobody but fixed addresses can be told",
    "Settings.memory_limit": "of the embedded engine; what does not fit goes to the temporary folder",
    "Settings.threads": "of the embedded engine; all cores when empty",
    "Settings.database": "name of the database",
    "Settings.read_preference": "which members may answer; a secondary may lag behind",
    "OrderFields.order_id": "column or, with dots, path of the order's id; orders are counted once for each",
    "OrderFields.customer_id": "… of the customer's id",
    "OrderFields.status": "… of the status",
    "OrderFields.placed_at": "… of the day or time of the order: text, date or timestamp",
    "OrderFields.amount": "… of the amount; shown, never judged by",
    "OrderDocuments.collection": "name of the orders' collection",
    "CustomerDocuments.collection": "name of the customers' collection",
    "CustomerFields.id": "column or path that holds the customer's id",
    "CustomerFields.name": "… the name",
    "CustomerFields.email": "… the address",
    "CustomerFields.language": "… the language, like `es` or `es-CO`; the channel's when empty or not spoken",
    "CustomerFields.timezone": "… the time zone, an IANA name like `America/Bogota`; others are none",
    "CustomerFields.fields": "more customer fields, for `notify`: name → column or path",
    "_Place.encoding": "of CSV and JSON lines, like `cp1252`",
}

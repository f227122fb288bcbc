"""An AWS made of plain answers: serves what a dictionary says, in the wire formats that botocore's own service models describe.

A *world* is any object with `answer(service, operation, parameters)` that returns a dictionary in the shape boto3 would give it,
or raises `Refusal`. Nothing here knows ecsight or its simulator: this is the other opinion on how answers look.
"""

import datetime
import json
import struct
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

import botocore.session

SESSION = botocore.session.get_session()
MODELS = {
    name: SESSION.get_service_model(name)
    for name in ("ecs", "elbv2", "ec2", "logs", "cloudwatch", "application-autoscaling", "sts")
}
BY_TARGET = {
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "Logs_20140328": "logs",
    "AnyScaleFrontendService": "application-autoscaling",
    "GraniteServiceVersion20100801": "cloudwatch",
}
BY_VERSION = {"2015-12-01": "elbv2", "2016-11-15": "ec2", "2011-06-15": "sts", "2010-08-01": "cloudwatch"}


class Refusal(Exception):
    """An error answer: its code, its message, its HTTP status."""

    def __init__(self, code, message="", status=400):
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


def denied(service, operation):
    """How each service says no."""
    code = {"ec2": "UnauthorizedOperation", "elbv2": "AccessDenied", "cloudwatch": "AccessDenied"}.get(
        service, "AccessDeniedException"
    )
    prefix = {"elbv2": "elasticloadbalancing"}.get(service, service)
    message = f"User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: {prefix}:{operation}"
    return Refusal(code, message, 403 if service in ("ec2", "elbv2", "cloudwatch") else 400)


def epoch(value):
    return value.timestamp() if isinstance(value, datetime.datetime) else value


def iso(value):
    if not isinstance(value, datetime.datetime):
        return str(value)
    return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def to_json(value):
    return json.dumps(value, default=epoch).encode()


def cbor(value):
    """The few kinds of CBOR that answers consist of."""

    def head(major, count):
        for limit, marker, form in ((24, None, None), (256, 24, ">B"), (65536, 25, ">H"), (2**32, 26, ">I")):
            if count < limit:
                return bytes([major << 5 | (count if marker is None else marker)]) + (
                    b"" if form is None else struct.pack(form, count)
                )
        return bytes([major << 5 | 27]) + struct.pack(">Q", count)

    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, datetime.datetime):
        return head(6, 1) + cbor(float(value.timestamp()))
    if isinstance(value, str):
        text = value.encode()
        return head(3, len(text)) + text
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(cbor(item) for item in value)
    return head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())


def read_cbor(data):
    """Reads one value; enough for what clients send."""

    def item(at):
        major, info = data[at] >> 5, data[at] & 31
        at += 1
        if major == 7:
            if info == 27:
                return struct.unpack(">d", data[at : at + 8])[0], at + 8
            if info == 26:
                return struct.unpack(">f", data[at : at + 4])[0], at + 4
            return {20: False, 21: True}.get(info), at
        count = info
        if 24 <= info <= 27:
            size = 1 << (info - 24)
            count = int.from_bytes(data[at : at + size], "big")
            at += size
        endless = info == 31
        if major == 0:
            return count, at
        if major == 1:
            return -1 - count, at
        if major in (2, 3):
            raw = data[at : at + count]
            return (raw.decode() if major == 3 else raw), at + count
        if major == 6:
            return item(at)
        found, left = [], count * (2 if major == 5 else 1)
        while (data[at] != 0xFF) if endless else left > 0:
            value, at = item(at)
            found.append(value)
            left -= 1
        at += 1 if endless else 0
        return (dict(zip(found[::2], found[1::2])) if major == 5 else found), at

    return item(0)[0] if data else {}


def xml(shape, name, value, ec2):
    """A value of a shape as XML elements, in the query or in the EC2 dialect."""
    if value is None:
        return ""
    kind = shape.type_name
    if kind == "structure":
        inner = ""
        for member, of in shape.members.items():
            if member in value:
                wire = of.serialization.get("name", member)
                inner += xml(of, wire, value[member], ec2)
        return f"<{name}>{inner}</{name}>"
    if kind == "list":
        item = shape.member.serialization.get("name", "item" if ec2 else "member")
        if shape.serialization.get("flattened"):
            return "".join(xml(shape.member, name, each, ec2) for each in value)
        return f"<{name}>" + "".join(xml(shape.member, item, each, ec2) for each in value) + f"</{name}>"
    if kind == "map":
        entries = "".join(
            f"<entry>{xml(shape.key, 'key', k, ec2)}{xml(shape.value, 'value', v, ec2)}</entry>" for k, v in value.items()
        )
        return f"<{name}>{entries}</{name}>"
    if kind == "boolean":
        return f"<{name}>{'true' if value else 'false'}</{name}>"
    if kind == "timestamp":
        return f"<{name}>{iso(value)}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"


def parameters_of(form):
    """Query parameters as nested dictionaries and lists: `Filter.1.Name=x` becomes {"Filter": [{"Name": "x"}]}."""
    tree = {}
    for key, value in urllib.parse.parse_qsl(form, keep_blank_values=True):
        node, parts = tree, key.split(".")
        for part in parts[:-1]:
            node = node.setdefault(part, {})
        node[parts[-1]] = value

    def settle(node):
        if not isinstance(node, dict):
            return node
        node = {key: settle(value) for key, value in node.items()}
        if set(node) in ({"member"}, {"Item"}, {"item"}):
            return settle(next(iter(node.values())))
        if node and all(key.isdigit() for key in node):
            return [node[key] for key in sorted(node, key=int)]
        return node

    return settle(tree)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        target = self.headers.get("x-amz-target")
        if target:
            prefix, operation = target.split(".", 1)
            service, dialect, parameters = BY_TARGET.get(prefix), "json", json.loads(body or b"{}")
        elif "/operation/" in self.path:
            _, _, prefix, _, operation = self.path.split("/")
            service, dialect, parameters = BY_TARGET.get(prefix), "cbor", read_cbor(body)
        else:
            parameters = parameters_of(body.decode())
            operation = parameters.pop("Action", "")
            service = BY_VERSION.get(parameters.pop("Version", ""))
            dialect = "ec2" if service == "ec2" else "query"
        try:
            if service is None or operation not in MODELS[service].operation_names:
                raise Refusal("InvalidAction", f"no operation {operation}")
            self.server.calls.append((service, operation, parameters))
            answer = self.server.world.answer(service, operation, parameters)
            self.reply(200, dialect, self.success(service, operation, dialect, answer))
        except Refusal as refusal:
            self.reply(refusal.status, dialect, self.failure(dialect, refusal))

    def success(self, service, operation, dialect, answer):
        if dialect == "json":
            return to_json(answer)
        if dialect == "cbor":
            return cbor(answer)
        model = MODELS[service].operation_model(operation)
        shape = model.output_shape
        inner = ""
        if shape is not None:
            for member, of in shape.members.items():
                if member in answer:
                    inner += xml(of, of.serialization.get("name", member), answer[member], dialect == "ec2")
        if dialect == "ec2":
            return f"<{operation}Response><requestId>1</requestId>{inner}</{operation}Response>".encode()
        wrapper = f"{operation}Result"
        return (
            f"<{operation}Response><{wrapper}>{inner}</{wrapper}>"
            f"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{operation}Response>"
        ).encode()

    def failure(self, dialect, refusal):
        code, message = refusal.code, escape(refusal.message)
        if dialect == "json":
            return to_json({"__type": code, "message": refusal.message})
        if dialect == "cbor":
            return cbor({"__type": code, "message": refusal.message})
        if dialect == "ec2":
            return (
                f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
                "<RequestID>1</RequestID></Response>"
            ).encode()
        return (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            "<RequestId>1</RequestId></ErrorResponse>"
        ).encode()

    def reply(self, status, dialect, body):
        self.send_response(status)
        kind = {"json": "application/x-amz-json-1.1", "cbor": "application/cbor"}.get(dialect, "text/xml")
        self.send_header("content-type", kind)
        if dialect == "cbor":
            self.send_header("smithy-protocol", "rpc-v2-cbor")
        self.send_header("x-amzn-requestid", "1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Endpoint:
    """Serves a world on loopback while it is used as a context."""

    def __init__(self, world):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.world, self.server.calls = world, []
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def calls(self):
        return self.server.calls

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

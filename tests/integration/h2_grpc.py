# SPDX-License-Identifier: Apache-2.0
"""h2_grpc.py serve CERTIFICATE KEY: a gRPC server, which prints its port.
h2_grpc.py ask HOST:PORT CA: what a gRPC client gets from it through the proxy of the environment.
"""

import sys
from concurrent import futures

import grpc


class Echo(grpc.GenericRpcHandler):
    """Every kind of call, with bytes as messages."""

    def service(self, details):
        calls = {
            "/demo.Echo/Unary": grpc.unary_unary_rpc_method_handler(lambda m, _: m),
            "/demo.Echo/Fails": grpc.unary_unary_rpc_method_handler(self.fails),
            "/demo.Echo/Many": grpc.unary_stream_rpc_method_handler(self.many),
            "/demo.Echo/Gather": grpc.stream_unary_rpc_method_handler(
                lambda messages, _: b"".join(messages)
            ),
            "/demo.Echo/Chat": grpc.stream_stream_rpc_method_handler(
                lambda messages, _: (b"re: " + m for m in messages)
            ),
        }
        return calls.get(details.method)

    @staticmethod
    def fails(_, context):
        context.set_trailing_metadata((("x-why", "because"),))
        context.abort(grpc.StatusCode.NOT_FOUND, "there is none")

    @staticmethod
    def many(message, _):
        for _ in range(100):
            yield message


def serve(certificate, key):
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((Echo(),))
    with open(certificate, "rb") as c, open(key, "rb") as k:
        credentials = grpc.ssl_server_credentials([(k.read(), c.read())])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


def refused(call):
    try:
        call(b"", timeout=20)
    except grpc.RpcError as fault:
        return fault
    raise AssertionError("it was answered")


def ask(target, ca):
    with open(ca, "rb") as trusted:
        credentials = grpc.ssl_channel_credentials(trusted.read())
    with grpc.secure_channel(target, credentials) as channel:
        unary = channel.unary_unary("/demo.Echo/Unary")
        assert unary(b"hello", timeout=20) == b"hello"
        assert unary(b"x" * 1000000, timeout=20) == b"x" * 1000000
        waiting = [unary.future(b"%d" % n, timeout=20) for n in range(200)]
        assert [call.result() for call in waiting] == [b"%d" % n for n in range(200)]
        many = channel.unary_stream("/demo.Echo/Many")
        assert list(many(b"y" * 10000, timeout=20)) == [b"y" * 10000] * 100
        gather = channel.stream_unary("/demo.Echo/Gather")
        assert gather((b"z" * 1000 for _ in range(1000)), timeout=20) == b"z" * 1000000
        chat = channel.stream_stream("/demo.Echo/Chat")
        assert list(chat(iter([b"a", b"b"]), timeout=20)) == [b"re: a", b"re: b"]
        fault = refused(channel.unary_unary("/demo.Echo/Fails"))
        assert fault.code() is grpc.StatusCode.NOT_FOUND, fault
        assert fault.details() == "there is none"
        assert ("x-why", "because") in fault.trailing_metadata()
        fault = refused(channel.unary_unary("/secret/Call"))
        assert fault.code() is grpc.StatusCode.PERMISSION_DENIED, fault
        print("all is well")


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])

"""Paho from Debian as a device: connects, asks for its Profile, prints what comes as `topic hex` and ends at the answer.

paho_client.py TRANSPORT HOST PORT CA CLIENT_ID TOKEN REQUEST_TOPIC REQUEST_HEX
"""

import sys

import paho.mqtt.client as mqtt

ATOM_GET = b"d\0\3get"


def main(transport, host, port, authority, client_id, token, topic, request):
    client = mqtt.Client(client_id=client_id, clean_session=True, protocol=mqtt.MQTTv311,
                         transport="websockets" if transport in ("ws", "wss") else "tcp")
    client.username_pw_set("api", token)
    if transport in ("tls", "wss"):
        client.tls_set(ca_certs=authority)

    def on_connect(_client, _userdata, _flags, code):
        print("connected", code, flush=True)
        client.publish(topic, bytes.fromhex(request), qos=2)

    def on_message(_client, _userdata, message):
        print(message.topic, message.payload.hex(), flush=True)
        if message.payload.endswith(ATOM_GET):
            client.disconnect()

    client.on_connect, client.on_message = on_connect, on_message
    client.connect(host, int(port))
    client.loop_forever(timeout=1, retry_first_connection=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

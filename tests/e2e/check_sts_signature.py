"""Whether an AssumeRole request is signed as botocore signs it: prints ok, or what is wrong."""

import datetime
import json
import sys

import botocore.auth
import botocore.awsrequest
import botocore.credentials

asked = json.loads(sys.argv[1])
stamp = asked["headers"]["x-amz-date"]
age = datetime.datetime.utcnow() - datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
request = botocore.awsrequest.AWSRequest(
    method="POST", url=asked["url"], data=asked["body"],
    headers={"Content-Type": asked["headers"]["content-type"], "X-Amz-Date": stamp})
request.context["timestamp"] = stamp
signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(asked["access"], asked["secret"]), "sts", asked["region"])
text = signer.string_to_sign(request, signer.canonical_request(request))
expected = (f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, "
            f"SignedHeaders={signer.signed_headers(signer.headers_to_sign(request))}, "
            f"Signature={signer.signature(text, request)}")
if abs(age.total_seconds()) > 300:
    print("RequestExpired")
elif expected != asked["headers"]["authorization"]:
    print("SignatureDoesNotMatch")
else:
    print("ok")

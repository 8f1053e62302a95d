"""A private server with S3's protocol, for tests."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

from tools.private_server import PrivateServer, missing_module


class PrivateS3(PrivateServer):
    """Moto's server for S3. Its objects are lost when it ends. It knows one pair of keys."""

    # This many requests need no keys: they make the user and its keys.
    _OPEN_REQUESTS = 3

    def __init__(self) -> None:
        super().__init__("s3")
        self.access_key = self.secret_key = ""

    @staticmethod
    def missing() -> str | None:
        """The missing module, in one sentence. None if a server can be started."""
        return missing_module("moto")

    def command(self) -> Sequence[str]:
        """The server's command line."""
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def environment(self) -> Mapping[str, str]:
        """Its environment variables in addition to those of every server."""
        return {"INITIAL_NO_AUTH_ACTION_COUNT": str(self._OPEN_REQUESTS)}

    def start(self) -> None:
        """Start it and make a user with all rights."""
        import boto3

        super().start()
        iam = boto3.session.Session().client(
            "iam",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )
        iam.create_user(UserName="writer")
        keys = iam.create_access_key(UserName="writer")["AccessKey"]
        rule = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [rule]})
        iam.put_user_policy(UserName="writer", PolicyName="all", PolicyDocument=policy)
        iam.close()
        self.access_key, self.secret_key = keys["AccessKeyId"], keys["SecretAccessKey"]

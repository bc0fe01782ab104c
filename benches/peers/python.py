"""One guarded route in Python, the way the documents show it: python.py NAME ALGORITHM FOLDER."""

import socket
import sys
from pathlib import Path

name, algorithm, folder = sys.argv[1:]
issuer, audience = "https://id.example.com", "https://api.example.com"
key = (Path(folder) / ("secret" if algorithm == "HS256" else "public.pem")).read_text()

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(128)
address = f"http://127.0.0.1:{listener.getsockname()[1]}"

if name.startswith("FastAPI"):
    from typing import Annotated

    import jwt
    import uvicorn
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from fastapi import Depends, FastAPI, HTTPException
    from fastapi.responses import PlainTextResponse
    from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

    parsed = key if algorithm == "HS256" else load_pem_public_key(key.encode())
    app = FastAPI()

    async def user(sent: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> dict:
        try:
            return jwt.decode(
                sent.credentials, parsed, algorithms=[algorithm], issuer=issuer, audience=audience
            )
        except jwt.InvalidTokenError as error:
            raise HTTPException(401) from error

    @app.get("/me", response_class=PlainTextResponse)
    async def me(user: Annotated[dict, Depends(user)]) -> str:
        return user["sub"]

    print(address, flush=True)
    config = uvicorn.Config(app, log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
else:
    from flask import Flask
    from flask_jwt_extended import JWTManager, get_jwt_identity, jwt_required
    from waitress import serve

    app = Flask(__name__)
    app.config["JWT_ALGORITHM"] = algorithm
    app.config["JWT_SECRET_KEY" if algorithm == "HS256" else "JWT_PUBLIC_KEY"] = key
    app.config["JWT_DECODE_ISSUER"] = issuer
    app.config["JWT_DECODE_AUDIENCE"] = audience
    JWTManager(app)

    @app.get("/me")
    @jwt_required()
    def me() -> str:
        return get_jwt_identity()

    print(address, flush=True)
    serve(app, sockets=[listener], threads=4, _quiet=True)

// The answers of Auth and INIT as records (PROTOCOL 3.1, 5.1, 1.7).
#pragma once

#include <string>
#include <string_view>

#include "chat/v1/call.pb.h"

namespace chat::auth {

// {io,{ok,Atom},<<>>}
void AddOk(v1::Reply* reply, std::string_view atom);
// {io,{ok,Atom},{'Auth',Handle}}
void AddOkWithAuth(v1::Reply* reply, std::string_view atom, const std::string& handle);
// {io,{ok2,jwt_sent,Jwt},<<>>}
void AddJwtSent(v1::Reply* reply, const std::string& jwt);
// {io,{ok2,login,{ClientId,Token}},<<>>}
void AddLogin(v1::Reply* reply, const std::string& client_id, const std::string& token);
// {io,{ok2,login,{'Client',ClientId}},{'Token',Token}}: `verify_reply=docs` (Q1)
void AddLoginOfDocs(v1::Reply* reply, const std::string& client_id, const std::string& token);
// {io,<<>>,<<>>}
void AddEmpty(v1::Reply* reply);
// {io,<<>>,{'Token',Token}}
void AddToken(v1::Reply* reply, const std::string& token);

}  // namespace chat::auth

// Credentials for a TURN server by the REST scheme of coturn: user `<expiry>:<name>`, password
// base64(HMAC-SHA1(secret, user)). Pure.
#pragma once

#include <cstdint>
#include <string>

namespace chat::media {

struct TurnCredentials {
  std::string user;
  std::string password;
};
TurnCredentials MakeTurnCredentials(const std::string& secret, const std::string& name,
                                    int64_t expires_s);

}  // namespace chat::media

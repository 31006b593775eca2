#include "services/media/turn.h"

#include "services/media/digests.h"

namespace chat::media {

TurnCredentials MakeTurnCredentials(const std::string& secret, const std::string& name,
                                    int64_t expires_s) {
  const std::string user = std::to_string(expires_s) + ":" + name;
  return {user, Base64(HmacSha1(secret, user))};
}

}  // namespace chat::media

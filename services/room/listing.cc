#include "services/room/listing.h"

#include <unordered_map>

namespace chat::room {

std::vector<Listed> ListedIn(const v1::Room& request) {
  const bool shifted = request.members().empty() && request.status() != v1::Room::CREATE;
  std::vector<Listed> listed;
  std::unordered_map<std::string, size_t> places;
  const auto add = [&](const v1::Member& entry, bool admin) {
    const auto [place, fresh] = places.try_emplace(entry.phone_id(), listed.size());
    if (fresh) {
      listed.push_back({entry.phone_id(), admin});
    } else if (admin) {
      listed[place->second].admin = true;
    }
  };
  for (const v1::Member& entry : request.members()) add(entry, false);
  for (const v1::Member& entry : request.admins()) {
    add(entry, !(shifted && entry.status() == v1::Member::MEMBER));
  }
  return listed;
}

}  // namespace chat::room

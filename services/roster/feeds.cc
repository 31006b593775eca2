#include "services/roster/feeds.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "libs/base/status.h"

namespace chat::roster {
namespace {

constexpr size_t kRowsPerCall = 200;
// A last message may be large (32 parts of 64 KiB); a page of views stays below gRPC's 4 MiB for
// all but such.
constexpr size_t kPeersPerCall = 100;

}  // namespace

absl::Status Feeds::Apply(pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows) {
  for (size_t begin = 0; begin < rows.size(); begin += kRowsPerCall) {
    const size_t end = std::min(rows.size(), begin + kRowsPerCall);
    v1::ApplyRequest request;
    for (size_t i = begin; i < end; ++i) {
      v1::Change& change = *request.add_changes();
      if (!change.ParseFromString(rows[i].payload)) {
        return absl::DataLossError(View("outbox row " + std::to_string(rows[i].id)));
      }
      change.set_source("roster");
      change.set_sequence(rows[i].id);
    }
    rpc::Call call = rpc::Background(std::chrono::seconds(5));
    call.deadline = std::min(call.deadline, deadline);
    v1::ApplyReply reply;
    CHAT_RETURN_IF_ERROR(
        rpc::Invoke(call, *stub_, &v1::FeedsInternal::Stub::Apply, request, &reply));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::FeedView>> Feeds::Views(const rpc::Call& call, RosterId roster,
                                                       const std::vector<RosterId>& peers) {
  std::vector<v1::FeedView> views;
  views.reserve(peers.size());
  for (size_t begin = 0; begin < peers.size(); begin += kPeersPerCall) {
    const size_t end = std::min(peers.size(), begin + kPeersPerCall);
    v1::ViewsRequest request;
    request.set_roster_id(roster.value);
    for (size_t i = begin; i < end; ++i) request.add_peers(peers[i].value);
    v1::ViewsReply reply;
    CHAT_RETURN_IF_ERROR(
        rpc::Invoke(call, *stub_, &v1::FeedsInternal::Stub::Views, request, &reply));
    if (static_cast<size_t>(reply.views_size()) != end - begin) {
      return absl::InternalError("FeedsInternal.Views: another number of views than of peers");
    }
    for (v1::FeedView& view : *reply.mutable_views()) views.push_back(std::move(view));
  }
  return views;
}

}  // namespace chat::roster

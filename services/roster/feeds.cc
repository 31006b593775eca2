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
constexpr size_t kMessagesPerCall = 500;

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

absl::StatusOr<std::optional<v1::Message>> Feeds::Read(const rpc::Call& call, RosterId roster,
                                                       int64_t message_id) {
  v1::ReadRequest request;
  request.set_roster_id(roster.value);
  request.set_message_id(message_id);
  v1::Message message;
  const absl::Status read =
      rpc::Invoke(call, *stub_, &v1::FeedsInternal::Stub::Read, request, &message);
  if (absl::IsNotFound(read)) return std::optional<v1::Message>();
  if (!read.ok()) return read;
  return std::optional(std::move(message));
}

absl::StatusOr<std::map<int64_t, v1::Message>> Feeds::ReadMany(
    const rpc::Call& call, RosterId roster, const std::vector<int64_t>& message_ids) {
  std::map<int64_t, v1::Message> messages;
  for (size_t begin = 0; begin < message_ids.size();) {
    const size_t end = std::min(message_ids.size(), begin + kMessagesPerCall);
    v1::ReadManyRequest request;
    request.set_roster_id(roster.value);
    for (size_t i = begin; i < end; ++i) request.add_message_ids(message_ids[i]);
    v1::ReadManyReply reply;
    CHAT_RETURN_IF_ERROR(
        rpc::Invoke(call, *stub_, &v1::FeedsInternal::Stub::ReadMany, request, &reply));
    if (reply.answered() < 1 || static_cast<size_t>(reply.answered()) > end - begin) {
      return absl::InternalError("FeedsInternal.ReadMany: answered no part of what was asked");
    }
    begin += static_cast<size_t>(reply.answered());
    for (v1::Message& message : *reply.mutable_messages()) {
      const int64_t id = message.id();
      messages[id] = std::move(message);
    }
  }
  return messages;
}

}  // namespace chat::roster

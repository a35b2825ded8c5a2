#include "actors/feed/redis/redis_protocol.hpp"

#include <hiredis/hiredis.h>

#include <new>

namespace synapse::actors {

namespace {

/// Where hiredis puts what it has read: a place in the list that it belongs to, or a new reply.
redis_reply* place(const redisReadTask* task) {
  if (!task->parent)
    return new (std::nothrow) redis_reply;
  auto* list = static_cast<redis_reply*>(task->parent->obj);
  return &list->parts[static_cast<std::size_t>(task->idx)];
}

const reader_limits& limits_of(const redisReadTask* task) {
  return *static_cast<const reader_limits*>(task->privdata);
}

void* make_text(const redisReadTask* task, char* bytes, std::size_t size) {
  auto* reply = place(task);
  if (!reply)
    return nullptr;
  reply->kind = task->type == REDIS_REPLY_ERROR    ? reply_kind::error
                : task->type == REDIS_REPLY_STATUS ? reply_kind::status
                                                   : reply_kind::text;
  if (size > limits_of(task).text)
    reply->too_long = true;
  else
    reply->text.assign(bytes, size);
  return reply;
}

void* make_list(const redisReadTask* task, int size) {
  // Null makes the reader give up: memory is not for the server to claim.
  if (size < 0 || static_cast<std::size_t>(size) > limits_of(task).parts)
    return nullptr;
  auto* reply = place(task);
  if (!reply)
    return nullptr;
  reply->kind = reply_kind::list;
  reply->parts.resize(static_cast<std::size_t>(size));
  return reply;
}

void* make_number(const redisReadTask* task, long long value) {
  auto* reply = place(task);
  if (!reply)
    return nullptr;
  reply->kind = reply_kind::number;
  reply->number = value;
  return reply;
}

void* make_nothing(const redisReadTask* task) {
  return place(task);
}

void free_reply(void* reply) {
  delete static_cast<redis_reply*>(reply);
}

redisReplyObjectFunctions functions{&make_text, &make_list, &make_number, &make_nothing,
                                    &free_reply};

} // namespace

void append_command(std::string& out, std::initializer_list<std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* command = nullptr;
  const int size =
      redisFormatCommandArgv(&command, static_cast<int>(texts.size()), texts.data(), sizes.data());
  if (size < 0)
    throw std::bad_alloc{};
  out.append(command, static_cast<std::size_t>(size));
  redisFreeCommand(command);
}

redis_reader::redis_reader(reader_limits limits)
    : limits_(limits), reader_(redisReaderCreateWithFunctions(&functions)) {
  if (!reader_)
    throw std::bad_alloc{};
  reader_->privdata = const_cast<reader_limits*>(&limits_);
}

redis_reader::~redis_reader() = default;

void redis_reader::free_reader::operator()(redisReader* reader) const noexcept {
  redisReaderFree(reader);
}

void redis_reader::feed(std::string_view bytes) {
  if (!broken_ && redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK)
    broken_ = true;
}

std::optional<redis_reply> redis_reader::next() {
  if (broken_)
    return {};
  void* found = nullptr;
  if (redisReaderGetReply(reader_.get(), &found) != REDIS_OK) {
    broken_ = true;
    return {};
  }
  if (found) {
    const std::unique_ptr<redis_reply> reply{static_cast<redis_reply*>(found)};
    return std::move(*reply);
  }
  if (reader_->len - reader_->pos > limits_.pending)
    broken_ = true;
  return {};
}

} // namespace synapse::actors

#include "telemetry/log_writer.hpp"

#include "telemetry/text_escape.hpp"
#include "telemetry/timestamp.hpp"

#include <spdlog/details/log_msg.h>

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace synapse::telemetry {

namespace {

using namespace std::chrono_literals;

constexpr auto flush_interval = 1s;
constexpr std::size_t flush_bytes = 32 * 1024;
/// An output that takes nothing for this long loses the text.
constexpr int stalled_ms = 1000;

log_level level_of(spdlog::level::level_enum level) {
  switch (level) {
  case spdlog::level::warn:
    return log_level::warning;
  case spdlog::level::err:
    return log_level::error;
  case spdlog::level::critical:
    return log_level::critical;
  case spdlog::level::info:
    return log_level::info;
  default:
    return log_level::debug;
  }
}

/// Writes all of `text`; returns how many bytes were written before the output failed.
std::size_t write_all(int fd, std::string_view text) {
  std::size_t done = 0;
  while (done < text.size()) {
    auto n = ::write(fd, text.data() + done, text.size() - done);
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd ready{fd, POLLOUT, 0};
      if (::poll(&ready, 1, stalled_ms) == 0)
        break;
    } else if (errno != EINTR) {
      break;
    }
  }
  return done;
}

} // namespace

bool log_writer::start(int fd, log_redactor redactor, log_writer_limits limits) {
  std::lock_guard lock(mutex_);
  if (running_)
    return false;
  fd_ = fd;
  redactor_ = std::move(redactor);
  limits_ = limits;
  dropped_ = 0;
  running_ = true;
  thread_ = std::thread([this] { run(); });
  return true;
}

void log_writer::stop() {
  {
    std::lock_guard lock(mutex_);
    if (!running_)
      return;
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  std::lock_guard lock(mutex_);
  running_ = stopping_ = false;
  readers_.clear();
}

void log_writer::log(const spdlog::details::log_msg& message) {
  std::string_view text(message.payload.data(), message.payload.size());
  {
    std::lock_guard lock(mutex_);
    if (!running_ || stopping_)
      return;
    while (queue_.size() >= std::max<std::size_t>(limits_.queue_lines, 1)) {
      queue_.pop_front();
      ++dropped_;
    }
    auto kept = utf8_prefix(text, limits_.max_line_bytes);
    queue_.push_back({++last_number_, message.time, level_of(message.level),
                      std::string(message.logger_name.data(), message.logger_name.size()),
                      std::string(kept), text.size() - kept.size()});
  }
  wake_.notify_one();
}

void log_writer::flush() {
  std::lock_guard lock(mutex_);
  flush_number_ = last_number_;
  wake_.notify_one();
}

void log_writer::wait_until_written() {
  std::unique_lock lock(mutex_);
  auto number = flush_number_ = last_number_;
  wake_.notify_one();
  written_.wait(lock, [&] { return !running_ || written_number_ >= number; });
}

void log_writer::add_reader(std::shared_ptr<log_sink> reader) {
  std::lock_guard lock(mutex_);
  readers_.push_back(std::move(reader));
}

std::uint64_t log_writer::dropped_lines() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

void log_writer::run() {
  std::unique_lock lock(mutex_);
  auto has_work = [this] {
    return stopping_ || !queue_.empty() || flush_number_ > written_number_;
  };
  for (;;) {
    if (text_.empty())
      wake_.wait(lock, has_work);
    else
      wake_.wait_until(lock, text_since_ + flush_interval, has_work);
    bool urgent = false;
    if (!queue_.empty()) {
      auto line = std::move(queue_.front());
      queue_.pop_front();
      auto readers = readers_;
      lock.unlock();
      handle(line, readers);
      urgent = line.level >= log_level::warning;
      lock.lock();
    }
    bool waited_for = flush_number_ > written_number_ &&
                      (queue_.empty() || queue_.front().number > flush_number_);
    bool ended = stopping_ && queue_.empty();
    bool due = text_.size() >= flush_bytes ||
               (!text_.empty() && std::chrono::steady_clock::now() - text_since_ >= flush_interval);
    if (urgent || waited_for || ended || due) {
      // What is older than the queue's front was handled or is lost.
      auto handled = queue_.empty() ? last_number_ : queue_.front().number - 1;
      lock.unlock();
      write_out();
      lock.lock();
      written_number_ = handled;
      written_.notify_all();
    }
    if (ended)
      break;
  }
}

void log_writer::handle(const entry& line, const std::vector<std::shared_ptr<log_sink>>& readers) {
  message_.clear();
  redactor_.redact(line.message, message_);
  if (line.cut > 0)
    message_.append(" [cut, ").append(std::to_string(line.cut)).append(" bytes more]");
  if (text_.empty())
    text_since_ = std::chrono::steady_clock::now();
  append_timestamp(text_, line.time);
  auto level = to_string(line.level);
  text_.append(" ").append(level).append(level.size() < 5 ? 5 - level.size() : 0, ' ');
  text_.append(" [").append(line.source).append("] ");
  auto begin = text_.size();
  append_escaped_line(text_, message_);
  for (const auto& reader : readers)
    reader->on_line({line.time, line.level, line.source, std::string_view(text_).substr(begin)});
  text_ += '\n';
}

void log_writer::write_out() {
  auto done = write_all(fd_, text_);
  if (done < text_.size()) {
    auto lost = std::count(text_.begin() + static_cast<std::ptrdiff_t>(done), text_.end(), '\n');
    std::lock_guard lock(mutex_);
    dropped_ += static_cast<std::uint64_t>(lost);
  }
  text_.clear();
  if (text_.capacity() > 4 * flush_bytes)
    text_.shrink_to_fit(); // escapes of one long line grew it
}

} // namespace synapse::telemetry

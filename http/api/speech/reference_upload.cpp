#include "http/api/speech/reference_upload.hpp"

#include <cstdio>
#include <utility>

namespace synapse::api {

reference_upload::reference_upload(net::local_ptr<net::file_source> file, std::string_view name)
    : writer_(http::multipart_writer::make_boundary()), file_(std::move(file)) {
  writer_.append_file_head(head_, "files", name, "audio/wav");
  writer_.append_part_end(tail_);
  writer_.append_close(tail_);
}

std::optional<std::uint64_t> reference_upload::size() const {
  return head_.size() + file_->size() + tail_.size();
}

http::body_piece reference_upload::next(std::string_view& piece) {
  if (file_->error() != 0)
    return http::body_piece::failed;
  if (part_ == part::file && file_->done())
    part_ = part::tail;
  switch (part_) {
  case part::head:
    piece = head_;
    break;
  case part::file:
    piece = file_->bytes();
    piece_ = piece.size();
    return piece.empty() ? http::body_piece::wait : http::body_piece::data;
  case part::tail:
    piece = tail_;
    break;
  case part::end:
    return http::body_piece::end;
  }
  return http::body_piece::data;
}

void reference_upload::release() {
  if (part_ == part::head)
    part_ = part::file;
  else if (part_ == part::file)
    file_->consume(std::exchange(piece_, 0));
  else
    part_ = part::end;
}

std::string reference_name(std::string_view voice_id, const net::file_source& file) {
  char version[64];
  std::snprintf(version, sizeof version, "_%llx%llx.wav",
                static_cast<unsigned long long>(file.modified_ns()),
                static_cast<unsigned long long>(file.size()));
  return std::string{voice_id} + version;
}

} // namespace synapse::api

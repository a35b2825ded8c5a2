#include "http/api/speech/reference_upload.hpp"

#include "http/core/body/multipart_writer.hpp"

#include <utility>

namespace synapse::api {

reference_upload::reference_upload(net::local_ptr<net::file_source> file, std::string_view name)
    : form_(http::chatterbox::make_reference_form(name, http::multipart_writer::make_boundary())),
      file_(std::move(file)) {}

std::optional<std::uint64_t> reference_upload::size() const {
  return form_.head.size() + file_->size() + form_.tail.size();
}

http::body_piece reference_upload::next(std::string_view& piece) {
  if (file_->error() != 0)
    return http::body_piece::failed;
  if (part_ == part::file && file_->done())
    part_ = part::tail;
  switch (part_) {
  case part::head:
    piece = form_.head;
    break;
  case part::file:
    piece = file_->bytes();
    piece_ = piece.size();
    return piece.empty() ? http::body_piece::wait : http::body_piece::data;
  case part::tail:
    piece = form_.tail;
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

} // namespace synapse::api

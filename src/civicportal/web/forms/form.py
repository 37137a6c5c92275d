"""A form: parsing, validation, rendering, input."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import NoReturn, TypeAlias

import colander
import deform
from markupsafe import Markup
from pyramid.events import BeforeRender
from pyramid.httpexceptions import HTTPBadRequest, HTTPSeeOther
from pyramid.response import Response
from translationstring import TranslationString
from webob.multidict import MultiDict

from civicportal.core.limits import ChallengeNeeded
from civicportal.util.errors import RETRY_SECONDS
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web import challenge
from civicportal.web import schema as types
from civicportal.web.challenge import ShownChallenge
from civicportal.web.context import environment
from civicportal.web.forms.defaults import widget_of
from civicportal.web.forms.field import BoundField, FormTranslator
from civicportal.web.forms.flat import is_before_other, leaves, read_flat, to_show
from civicportal.web.forms.groups import FileWidget, PhotosWidget, files_name
from civicportal.web.forms.parts import (
    ALLOWED,
    NOTICED,
    QUEUE,
    QUEUE_KEY,
    Button,
    FieldError,
    FileRefused,
    FormInvalid,
    TakeFiles,
    UploadedFile,
)
from civicportal.web.forms.widgets import TextAreaWidget
from civicportal.web.request import Request, ViewResult

_UNPROCESSABLE = 422
_CONFLICT = 409
_ONCE_DIGITS = 32
"""Bytes of an idempotency key: 128 bits."""


class BoundForm:
    """A form of one request.

    :cvar Secret: type of a field whose value is never stored, logged or shown again.
    :param schema: the unbound schema.
    :param initial: values (not texts) by field name.
    :param send: label of the submit button.
    :param send_class: its CSS classes.
    :param buttons: several buttons instead of it.
    :param action: the URL to which the form is submitted; that of the page if empty.
    :param prefix: of the fields' ids, on a page with several forms.
    :param bindings: bindings of the schema besides ``country``, ``calendar`` and ``days_off``, which come from the
        request.
    :param take_files: converts uploaded files into attachment keys, or raises :class:`FileRefused`.
    :param ignore: submitted names that are not fields.
    :param site_limits: names of site-wide limits that count the form: while one of them is reached, the form includes a
        challenge for unknown clients.
    """

    Secret: TypeAlias = types.Password

    def __init__(
        self,
        request: Request,
        schema: colander.SchemaNode,
        *,
        initial: Values | None = None,
        send: TranslationString | None = None,
        send_class: str = "btn-primary btn-lg",
        buttons: tuple[Button, ...] = (),
        action: str = "",
        prefix: str = "",
        bindings: Values | None = None,
        take_files: TakeFiles | None = None,
        ignore: tuple[str, ...] = (),
        site_limits: tuple[str, ...] = (),
    ) -> None:
        self.request, self.action = request, action
        self.buttons = buttons or (Button(title=send or _("Save"), css_class=send_class),)
        site = request.site
        self.schema = schema.bind(
            country=site.country,
            calendar=site.calendar,
            days_off=lambda: request.days_off,
            **(bindings or {}),
        )
        self._refuse_open_secrets(request)
        self.messages: list[str] = []
        #: The challenge for unknown clients while a site-wide limit is reached.
        self.challenge: ShownChallenge | None = None
        self.site_limits = site_limits
        #: A script sends the form as it is as soon as the page is open.
        self.sends_itself: bool = False
        #: The idempotency key of the browser's queue, if the form went through it.
        self.queue_key: str = ""
        #: The same form had been processed before.
        self.was_repeated: bool = False
        self._words = FormTranslator(request)
        self._take_files = take_files
        self._taken: set[str] = set()
        drawn = {"csrf_token", ALLOWED, NOTICED, QUEUE_KEY, *challenge.FIELDS}
        self._ignore = {*drawn, *ignore, *(button.name for button in self.buttons)}
        appstruct = dict(initial) if initial else colander.null
        self._form = deform.Form(self.schema, renderer=self._draw, focus="off", appstruct=appstruct)
        self._fields = {field.name: field for field in self._bind(self._form, prefix)}

    def __getitem__(self, name: str) -> BoundField:
        return self._fields[name]

    def __iter__(self) -> Iterator[BoundField]:
        """Yield the fields that :meth:`render` renders."""
        return (self[child.name] for child in self._form.children)

    # --- reading

    def handle(self, on_valid: Callable[[Values], ViewResult], **context: object) -> ViewResult:
        """Show or process the form; the last line of most views.

        :param on_valid: returns the view's response for the values, usually a redirect; it may call :meth:`refuse` for
            errors that only a service can detect.
        :param context: further variables of the template.
        :returns: that response, or ``{"form": form, **context}`` for the view's template, with status 422 if the form
            was refused, 429 if it needs a challenge first. The queue of the browser gets JSON: the URL of the page that
            a redirect leads to, or the errors.
        :raises HTTPBadRequest: 400 for a body that is not a form.
        """
        request = self.request
        if request.method == "POST" and self.by_script:
            return self._handle_script(on_valid)
        if request.method == "POST":
            try:
                return on_valid(self.validate(_sent(request)))
            except FormInvalid:
                self._ask_for_files()
                request.response.status_int = 422
            except ChallengeNeeded as needed:
                self.challenge = challenge.after_refusal(request, needed, self.action)
                request.response.status_int = 429
                request.response.headers["Retry-After"] = str(max(1, self.challenge.seconds))
        if self.challenge is None:
            self.challenge = challenge.beforehand(request, self.site_limits, self.action)
        return {"form": self, **context}

    def validate(self, params: MultiDict[object]) -> Values:
        """Return the values of a submitted form.

        ``params`` is ``request.POST``. Raises :class:`FormInvalid` with all errors in the form and the input kept.
        """
        cstruct = self._sent(params)
        try:
            values: Values = self.schema.deserialize(cstruct)
        except colander.Invalid as error:
            self._form.widget.handle_error(self._form, error)
            self.messages += self._words.all(error.messages())
        if self.errors:
            raise FormInvalid
        return values

    def check(self) -> None:
        """Add the errors of the submitted fields.

        Absent fields are not missing: for a step of a form.
        """
        params = _sent(self.request)
        cstruct = self._sent(params)
        for node in self.schema.children:
            if node.name not in params:
                continue
            try:
                node.deserialize(cstruct[node.name])
            except colander.Invalid as error:
                for message in filter(None, error.messages()):
                    self.fail(node.name, message)

    def once(self, values: Values) -> str:
        """Return the idempotency key of a submitted form, derived from its key field and its values.

        Submitted again unchanged, it has the same key. A draft or the back button may restore an old form: with changed
        values it is another one and must be processed. Uploaded files are ignored, because they get new keys each time.

        :param values: what :meth:`validate` has returned.
        """
        if self.queue_key:
            # An entry of the queue is one form, also after it was edited.
            return str(self.request.site.keys.mac("form", f"queue:{self.queue_key}").hex()[:_ONCE_DIGITS])
        said = {name: self._sent_before(value) for name, value in values.items()}
        text = json.dumps(said, default=str, sort_keys=True)
        return str(self.request.site.keys.mac("form", text).hex()[:_ONCE_DIGITS])

    @property
    def by_script(self) -> bool:
        """True if a script sends the form in the background, which the browser's queue does."""
        accepted = self.request.headers.get("Accept", "")
        return self.request.is_xhr and accepted.startswith("application/json")

    def leave_queue(self, *, repeated: bool) -> None:
        """Let the page that follows remove the form from the browser's queue.

        :param repeated: the same form had been processed before.
        """
        self.was_repeated = repeated
        if self.queue_key and not self.by_script:
            self.request.session.flash(self.queue_key, QUEUE)

    def keep(self, params: MultiDict[object]) -> None:
        """Store the input, including pictures, without validation: for a button that only changes the form."""
        self._sent(params)

    def read_filters(self, params: MultiDict[object]) -> Values:
        """Return the values of a query string.

        An invalid value counts as missing.

        Every field needs a ``missing``. An invalid filter shows an error at its field, since the list is wider than its
        URL. A date that is invalid, or before that of the node named in ``after``, keeps its text; values that only a
        broken URL contains do not.
        """
        cstruct = read_flat(self.schema, params, ignore=params)
        values, refused = {}, dict[str, list[TranslationString]]()
        for node in self.schema.children:
            if isinstance(text := cstruct[node.name], str) and not text.strip():
                cstruct[node.name] = colander.null
            try:
                values[node.name] = node.deserialize(cstruct[node.name])
            except colander.Invalid as error:
                values[node.name] = node.deserialize(colander.null)
                refused[node.name] = error.messages()
                if not isinstance(node.typ, types.CityDate):
                    refused[node.name] = [_("This value is not known and was left out.")]
                    cstruct[node.name] = colander.null
        self._hold(cstruct)
        for node in self.schema.children:
            if is_before_other(values, node):
                values[node.name] = node.deserialize(colander.null)
                refused[node.name] = [_("The last day lies before the first.")]
        for name, messages in refused.items():
            for message in messages:
                self.fail(name, message)
        return values

    @property
    def narrowing(self) -> list[BoundField]:
        """The active filters."""
        return [field for field in self if field.narrows]

    def readable(self) -> Values:
        """Return the valid values of the form's current input."""
        values = {}
        for node in self.schema.children:
            try:
                value = node.typ.deserialize(node, self[node.name].cstruct)
            except colander.Invalid:
                continue
            if value is not colander.null:
                values[node.name] = value
        return values

    def valid(self) -> Values | None:
        """Return the values if valid, else None.

        No errors are shown.
        """
        cstruct = {node.name: self[node.name].cstruct for node in self.schema.children}
        try:
            values: Values = self.schema.deserialize(cstruct)
        except colander.Invalid:
            return None
        return values

    def draft(self) -> dict[str, list[str]]:
        """Return the texts of the form, for :meth:`fill` to restore."""
        texts = {
            name: cstruct if isinstance(cstruct, list) else [cstruct]
            for name, cstruct in ((node.name, self[node.name].cstruct) for node in leaves(self.schema))
        }
        queued = {QUEUE_KEY: [self.queue_key]} if self.queue_key else {}
        return queued | {
            name: kept
            for name, sent in texts.items()
            if (kept := [text for text in sent if isinstance(text, str)])
        }

    def fill(self, draft: Mapping[str, list[str]]) -> None:
        """Restore the texts of a :meth:`draft`; unknown names are ignored."""
        self.queue_key = _queue_key(draft.get(QUEUE_KEY, [""])[0])
        params = MultiDict((name, text) for name, texts in draft.items() for text in texts)
        self._hold(read_flat(self.schema, params, ignore=draft))

    def typed(self) -> list[str]:
        """Return the longer texts of the input, for a page that cannot show the form any more."""
        long = {field.name for field in self if isinstance(field.widget, TextAreaWidget)}
        return [
            text for name, texts in self.draft().items() if name in long for text in texts if text.strip()
        ]

    # --- errors

    def fail(self, name: str, message: str) -> None:
        """Add an error to a field.

        :param name: name of the field; empty for the whole form.
        :param message: the error.
        """
        if name:
            self[name].fail(message)
        else:
            self.messages.append(self._words(message))

    def refuse(self, name: str, message: str) -> NoReturn:
        """Add an error that a service found, and raise :class:`FormInvalid`."""
        self.fail(name, message)
        raise FormInvalid

    @property
    def errors(self) -> list[FieldError]:
        """All errors: the form's, then the fields' in order."""
        general = [FieldError(oid="", label="", message=message) for message in self.messages]
        return general + [
            FieldError(oid="", label="", message=message)
            if field.hidden
            else FieldError(
                oid=field.anchor, label=field.label, message=message, carried=tuple(field.carried)
            )
            for field in self._fields.values()
            for message in field.error_messages
        ]

    # --- drawing

    def render(self) -> Markup:
        """Render the whole form: summary, fields, buttons."""
        return self._render("form", form=self)

    __html__ = render

    def error_summary(self) -> Markup:
        """Render links to the fields with errors, empty without errors."""
        lines = [(error.oid, f"{error.label}: {error.message}".lstrip(": ")) for error in self.errors]
        return self._render("error_summary", errors=lines) if lines else Markup("")

    def actions(self) -> Markup:
        """Render the buttons."""
        titles = [(button, self._words(button.title)) for button in self.buttons]
        return self._render("buttons", buttons=titles)

    def hidden(self) -> Markup:
        """Render the CSRF token and the hidden fields."""
        return self._render("hidden_fields", form=self)

    @property
    def multipart(self) -> bool:
        """True if the form has file inputs."""
        return bool(self._file_names)

    # --- inside

    def _handle_script(self, on_valid: Callable[[Values], ViewResult]) -> Response:
        """Answer the queue in JSON; a limit or a challenge is answered by the error pages."""
        try:
            answer = on_valid(self.validate(_sent(self.request)))
        except FormInvalid:
            errors = [
                {"id": error.oid, "label": error.label, "message": error.message, "carried": error.carried}
                for error in self.errors
            ]
            return self._json(_UNPROCESSABLE, errors=errors)
        if isinstance(answer, HTTPSeeOther):
            return self._json(200, location=answer.location, repeated=self.was_repeated)
        # The page asks a question, for instance whether a report nearby is the same.
        question = self._words(_("Please open the form, and send it there."))
        return self._json(_CONFLICT, message=question)

    @staticmethod
    def _json(status: int, **values: object) -> Response:
        return Response(json_body=values, status=status, cache_control="no-store")

    @cached_property
    def _file_names(self) -> set[str]:
        return {files_name(f.name) for f in self._fields.values() if isinstance(f.widget, PhotosWidget)}

    def _sent(self, params: MultiDict[object]) -> dict[str, object]:
        """Return the submitted values, and store those that may be redisplayed."""
        self.queue_key = _queue_key(params.get(QUEUE_KEY, ""))
        cstruct = read_flat(self.schema, params, ignore=self._ignore | self._file_names)
        self._take(params, cstruct)
        self._hold(cstruct)
        return cstruct

    def _ask_for_files(self) -> None:
        """Tell that files must be chosen again: a browser does not keep those of a refused form."""
        for field in self._fields.values():
            if isinstance(field.widget, FileWidget) and not field.error_messages:
                sent = self.request.POST.getall(files_name(field.name))
                if any(isinstance(one, UploadedFile) for one in sent):
                    field.fail(_("Please choose it again: files of a form with errors are not kept."))

    def _hold(self, cstruct: dict[str, object]) -> None:
        """Store submitted texts without secret ones.

        Thus the form cannot reveal them.
        """
        self._form.cstruct = to_show(self.schema, cstruct)

    def _refuse_open_secrets(self, request: Request) -> None:
        """Refuse a secret field whose name the route declares open, because error pages would show it."""
        route = getattr(request, "matched_route", None)
        if route is None:
            return
        opened = request.registry.open_fields.get(route.name, ())
        for node in leaves(self.schema):
            if isinstance(node.typ, types.Secret) and node.name in opened:
                raise LookupError(f"{node.name!r} is secret, but an open field of the route {route.name!r}")

    def _bind(self, parent: deform.Field, prefix: str) -> Iterator[BoundField]:
        for child in parent.children:
            child.oid = f"{prefix}-{child.name}" if prefix else child.name
            child.widget = widget_of(child.schema)
            yield BoundField(child, self._words, self._render)
            yield from self._bind(child, prefix)

    def _take(self, params: MultiDict[object], cstruct: dict[str, object]) -> None:
        for name in self._file_names:
            field = self[name.removesuffix(files_name(""))]
            files = [file for file in params.getall(name) if isinstance(file, UploadedFile)]
            if not files or self._take_files is None:
                continue
            typ, sent = field.typ, cstruct[field.name]
            assert isinstance(typ, types.ListOf)
            keys = sent if isinstance(sent, list) else []
            room = max(typ.max - len(keys), 0)
            if len(files) > room:
                self.fail(field.name, _("At most ${count} are allowed here.", mapping={"count": typ.max}))
            try:
                taken = self._take_files(files[:room])
            except FileRefused as refusal:
                self.fail(field.name, refusal.reason)
                if refusal.later:
                    self.request.add_response_callback(_answer_later)
                continue
            cstruct[field.name] = [*keys, *taken]
            self._taken.update(taken)

    def _sent_before(self, value: object) -> object:
        """Return a value without the keys of pictures uploaded with this submission."""
        return [one for one in value if one not in self._taken] if isinstance(value, (list, tuple)) else value

    def _draw(self, template: str, *, field: deform.Field, **values: object) -> Markup:
        return self._render(template, field=self[field.name], form=self, **values)

    @cached_property
    def _names(self) -> BeforeRender:
        """Template variables of the page.

        Collected once per form because it is rendered in many parts.
        """
        names = BeforeRender({"request": self.request}, {})
        self.request.registry.notify(names)
        return names

    def _render(self, template: str, **values: object) -> Markup:
        drawn = environment(self.request).get_template(f"civicportal:templates/deform/{template}.jinja2")
        return Markup(drawn.render({**self._names, **values}))  # noqa: S704 - the templates escape what they are given


def _queue_key(text: object) -> str:
    return text if isinstance(text, str) and types.Key.pattern.fullmatch(text) else ""


def _answer_later(_request: Request, response: Response) -> None:
    """Answer 503 while pictures cannot be decoded.

    The form is valid.
    """
    if response.status_int == _UNPROCESSABLE:
        response.status_int = 503
        response.headers["Retry-After"] = str(RETRY_SECONDS)


def _sent(request: Request) -> MultiDict[str]:
    try:
        return request.POST
    except ValueError:  # a multipart body without its boundary
        raise HTTPBadRequest from None

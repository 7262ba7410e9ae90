"""What a provider version knows, read from bindings that are generated from its schema.

The package `cdktn-provider-aws` has one TypeScript declaration per resource and data source. Each
property of an interface says in its comment what Terraform calls it:

    /**
    * Docs at Terraform Registry: {@link https://…/aws/6.69.1/docs/…#vpc_config Function#vpc_config}
    */
    readonly vpcConfig?: LambdaFunctionVpcConfig;
"""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.check_provider.configuration import Kind

_INTERFACE = re.compile(r"^export interface (\w+)[^{\n]* \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_PROPERTY = re.compile(r"#(\w+)\}(?:(?!\*/).)*\*/\s*readonly \w+(\??): (\w*)", re.DOTALL)
_CLASS = re.compile(
    r"^export declare class \w+ extends cdktn\.Terraform(?:Resource|DataSource|Provider) \{\n"
    r"(.*?)^\}",
    re.MULTILINE | re.DOTALL,
)
_TYPE = re.compile(r'static readonly tfResourceType = "(\w+)"')
_GETTER = re.compile(r"^    get (\w+)\(\)", re.MULTILINE)
_CONFIG = re.compile(r"constructor\(.*\bconfig\??: (\w+)")
_VERSION = re.compile(r"/hashicorp/aws/(\d+\.\d+\.\d+)/docs")


@dataclass(frozen=True)
class Property:
    required: bool
    struct: str  # the interface of a nested block, or another word of TypeScript


@dataclass(frozen=True)
class Schema:
    """One resource, data source, or the provider's own configuration."""

    version: str
    config: str  # the interface of its arguments
    interfaces: Mapping[str, Mapping[str, Property]]
    attributes: frozenset[str]  # in camel case

    def block(self, path: Iterable[str]) -> Mapping[str, Property] | None:
        """The arguments at a path of nested blocks, by Terraform's names; None without it."""
        found = self.interfaces[self.config]
        for name in path:
            if name not in found or found[name].struct not in self.interfaces:
                return None
            found = self.interfaces[found[name].struct]
        return found

    def has_attribute(self, name: str) -> bool:
        return camel_case(name) in self.attributes


def camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def folder(kind: Kind, type_: str) -> str:
    """Where the package has it: `lambda-function`, `data-aws-region`, `provider`."""
    if kind == "provider":
        return "provider"
    name = type_.removeprefix("aws_").replace("_", "-")
    return f"data-aws-{name}" if kind == "data" else name


def parse(text: str, kind: Kind, type_: str) -> Schema:
    """The declarations of one folder. Raises ValueError if they are not those of `type_`."""
    bodies = _CLASS.findall(text)
    if len(bodies) != 1 or _TYPE.findall(bodies[0]) != [type_]:
        raise ValueError(f"the bindings have no class of {kind} {type_}")
    [config] = _CONFIG.findall(bodies[0])
    interfaces = {
        name: {
            property_: Property(not optional, struct)
            for property_, optional, struct in _PROPERTY.findall(body)
        }
        for name, body in _INTERFACE.findall(text)
    }
    return Schema(
        _VERSION.findall(text)[0], config, interfaces, frozenset(_GETTER.findall(bodies[0]))
    )


def load(wheel: Path, types: Iterable[tuple[Kind, str]]) -> dict[tuple[Kind, str], Schema]:
    """The schemas of these types, as far as the wheel has them."""
    wanted = {folder(kind, type_): (kind, type_) for kind, type_ in types}
    texts: dict[str, str] = {}
    with zipfile.ZipFile(wheel) as outer:
        [inner] = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with outer.open(inner) as stream, tarfile.open(fileobj=stream, mode="r|gz") as members:
            for member in members:
                match = re.fullmatch(r"package/lib/([\w-]+)/.*\.d\.ts", member.name)
                if match and match[1] in wanted and (file := members.extractfile(member)):
                    texts[match[1]] = texts.get(match[1], "") + file.read().decode()
    return {wanted[name]: parse(text, *wanted[name]) for name, text in texts.items()}
